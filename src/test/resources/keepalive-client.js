// POSTs over kept connections, checks each answer, until the server refuses connections: node keepalive-client.js PORT LOOPS
const http = require('http');
const [port, loops] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: loops });
let complete = 0;
let running = loops;
const problems = [];

function ask(id) {
    const bytes = (id * 7919) % 20000;
    const path = `/${id % 3 ? 'full' : 'parts'}/${id}/${bytes}/${(id * 131) % 3000}`;
    const next = () => setTimeout(() => ask(id + loops), id % 5);
    const request = http.request({ host: '127.0.0.1', port, agent, method: 'POST', path }, (response) => {
        let got = 0;
        response.on('data', (data) => { got += data.length; });
        response.on('error', (e) => { problems.push(`${path} cut after ${got}: ${e.message}`); next(); });
        response.on('end', () => {
            if (response.statusCode !== 200 || got !== bytes || response.headers['x-id'] !== String(id)) {
                problems.push(`${path}: ${response.statusCode}, ${got} bytes`);
            }
            complete++;
            next();
        });
    });
    request.on('error', (e) => {
        if (e.code !== 'ECONNREFUSED') {
            problems.push(`${path}: ${e.code} ${e.message}`);
            next();
        } else if (--running === 0) {
            console.log(`${complete} complete, problems: ${problems.join('; ')}`);
            process.exit(problems.length ? 1 : 0);
        }
    });
    request.end('x');
}

for (let i = 0; i < loops; i++) {
    ask(i);
}
