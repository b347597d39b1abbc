/** Asks for as long as it is told, some at a time: `node load.ts HOST COUNT MS`. Says how many were answered, as JSON. */
import { Agent, get } from 'node:http';

export type Load = { readonly answered: number; readonly failed: number; readonly ms: number };

const [host = '', count = '1', ms = '1000'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(count) });
const started = performance.now();
const end = started + Number(ms);
let [answered, failed] = [0, 0];

await Promise.all(Array.from({ length: Number(count) }, askOn));
const load: Load = { answered, failed, ms: performance.now() - started };
process.stdout.write(JSON.stringify(load));
agent.destroy();

async function askOn(): Promise<void> {
  while (performance.now() < end) {
    if (await askOnce()) answered += 1;
    else failed += 1;
  }
}

async function askOnce(): Promise<boolean> {
  return await new Promise((resolve) => {
    const asked = get({ host, path: '/openstack/latest/meta_data.json', agent }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode === 200));
    });
    asked.once('error', () => resolve(false));
  });
}
