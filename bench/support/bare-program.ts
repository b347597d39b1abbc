/** The program of the bare server: a route that sends little, one that takes a body, and one that sends as much as is asked for. */
import Fastify from 'fastify';

const app = Fastify();
app.get('/item', async () => ({ item: { id: '1', name: 'x' } }));
app.post('/item', async (request) => ({ item: request.body }));

const bodies = new Map<number, object>();
app.get('/bytes/:count', async (request) => {
  const count = Number((request.params as { count: string }).count);
  // As many objects as a list of ports would have, of the size of a port.
  let body = bodies.get(count);
  if (!body) {
    const item = { text: 'x'.repeat(880), list: [{ id: '1' }], flag: true, number: 1 };
    body = { items: Array.from({ length: Math.ceil(count / 1000) }, () => ({ ...item })) };
    bodies.set(count, body);
  }
  return body;
});
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
