/** Opens TCP connections to port 80, says of each when it is open, and then nothing more: `node hold.ts HOST COUNT`. */
import { connect } from 'node:net';

const [host = '', count = '1'] = process.argv.slice(2);
for (let number = 0; number < Number(count); number += 1) {
  const socket = connect({ host, port: 80 });
  socket.on('connect', () => process.stdout.write('open\n'));
  socket.on('error', () => undefined); // refused or ended: others may be open
  socket.resume();
}
