// Asks for one path again and again on one HTTP/2 session until the server says GOAWAY, and says what became of it.
// usage: node http2-requests.js <origin> <path> <bytes of each answer>
'use strict';
const http2 = require('node:http2');

const [origin, path, bytes] = process.argv.slice(2);
const count = { asked: 0, whole: 0, short: 0, refused: 0, errors: [] };
const session = http2.connect(origin, { rejectUnauthorized: false });
let told = false;

function ask() {
  if (told || session.closed || session.destroyed) {
    return;
  }
  const request = session.request({ ':path': path });
  let received = 0;
  let whole = false;
  count.asked++;
  request.on('data', (chunk) => { received += chunk.length; });
  request.on('end', () => { whole = received === Number(bytes); });
  request.on('error', () => {});
  request.on('close', () => {
    if (whole) {
      count.whole++;
    } else if (request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) {
      count.refused++;
    } else {
      count.short++;
      count.errors.push(`${request.id}: ${received} bytes, code ${request.rstCode}`);
    }
    ask();
  });
}

session.on('goaway', (code, last) => {
  if (!told) {
    console.log(`goaway ${code} ${last}`);
  }
  told = true;
});
session.on('error', (error) => { count.errors.push(String(error)); });
session.on('close', () => { console.log(JSON.stringify(count)); });
session.on('connect', () => {
  console.log('connected');
  for (let i = 0; i < 10; i++) {
    ask();
  }
});
