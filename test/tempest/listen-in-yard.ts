/** Run inside a yard: opens a listening socket there, hands it to its parent and ends. */
import { createServer } from 'node:net';

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
const server = createServer();
server.listen(Number(port), host, () => {
  process.send?.('listening', server, () => {
    server.close();
    process.disconnect();
  });
});
