/**
 * What runs inside a guest: `node talk.ts serve PORT...` answers whoever connects or sends a datagram with the address it
 * is seen with; `node talk.ts hold tcp|udp ADDRESS PORT` says a line for each answer, for as long as they come.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const EVERY_MS = 10;
const say = (text: string) => void process.stdout.write(`${text}\n`);

const [what = '', ...words] = process.argv.slice(2);
if (what === 'serve') await serve(words.map(Number));
else if (what === 'hold') hold(words[0] ?? '', words[1] ?? '', Number(words[2]));
else throw new Error(`A guest cannot do '${what}'.`);

async function serve(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer((socket) => {
      const answer = () => void socket.write(`${plain(socket.remoteAddress ?? '')}\n`);
      socket.on('data', answer);
      socket.on('error', () => socket.destroy());
    });
    server.listen(port, '::');
    const socket = createSocket('udp6');
    socket.on('message', (_, from) => socket.send(plain(from.address), from.port, from.address));
    socket.on('error', () => undefined);
    socket.bind(port, '::');
    await Promise.all([once(server, 'listening'), once(socket, 'listening')]);
  }
  say('serving');
}

function told(data: Buffer): void {
  for (const line of data.toString().trim().split('\n')) say(line);
}

function hold(protocol: string, address: string, port: number): void {
  if (protocol === 'tcp') {
    const socket = connect({ host: address, port, noDelay: true });
    socket.on('data', told);
    socket.on('error', () => process.exit(0));
    socket.on('connect', () => setInterval(() => socket.write('?'), EVERY_MS));
    return;
  }
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', told);
  socket.on('error', () => undefined);
  socket.connect(port, address, () => setInterval(() => socket.send('?'), EVERY_MS));
}

/** IPv4 addresses as they are written, on a socket of both versions. */
function plain(address: string): string {
  return address.replace(/^::ffff:/, '');
}
