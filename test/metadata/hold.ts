/** Opens a TCP connection to port 80, says when it is open, and then nothing more: `node hold.ts HOST`. */
import { connect } from 'node:net';

const [host = ''] = process.argv.slice(2);
const socket = connect({ host, port: 80 });
socket.on('connect', () => process.stdout.write('open\n'));
socket.resume();
