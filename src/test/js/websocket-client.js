// node websocket-client.js <ws | built-in> <url> <clients>
// Each client sends c0, c1, … until it hears of the Close, and checks the server's messages. Prints "open" and the extension
// in use when messages have come to all of them, then one line for each: status reason sent received problem.
'use strict';

const [kind, url, clients] = process.argv.slice(2);
const Client = kind === 'ws' ? require('ws').WebSocket : globalThis.WebSocket;
if (!Client) {
  console.log('missing');
  process.exit(0);
}

const UNDER_WAY = 4;
let open = 0;

function message(number) {
  return `m${number}:` + 'x'.repeat((number * 97) % 3000);
}

function start() {
  const socket = new Client(url);
  let sent = 0;
  let received = 0;
  let problem = 'none';
  let timer;
  socket.onopen = () => {
    timer = setInterval(() => {
      if (socket.readyState === Client.OPEN) {
        socket.send(`c${sent++}`);
      }
    }, 1);
  };
  socket.onmessage = (event) => {
    if (event.data !== message(received)) {
      problem = `message-${received}`;
    }
    received++;
    if (received === UNDER_WAY && ++open === Number(clients)) {
      console.log(`open ${socket.extensions.split(';')[0] || 'uncompressed'}`);
    }
  };
  socket.onerror = (event) => {
    problem = `error-${event.message}`.replace(/ /g, '-');
  };
  socket.onclose = (event) => {
    clearInterval(timer);
    if (!event.wasClean) {
      problem = 'unclean';
    }
    console.log(['closed', event.code, event.reason, sent, received, problem].join(' '));
  };
}

for (let i = 0; i < Number(clients); i++) {
  start();
}
