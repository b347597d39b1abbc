/** Asks as often as it is told, some at a time: `node load.ts HOST AT_ONCE TIMES`. Says how long it took, as JSON. */
import { Agent, get } from 'node:http';

export type Load = { readonly answered: number; readonly failed: number; readonly ms: number };

const [host = '', atOnce = '1', times = '100'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(atOnce) });
const started = performance.now();
let left = Number(times);
let [answered, failed] = [0, 0];

await Promise.all(Array.from({ length: Number(atOnce) }, askOn));
const load: Load = { answered, failed, ms: performance.now() - started };
process.stdout.write(JSON.stringify(load));
agent.destroy();

async function askOn(): Promise<void> {
  while (left > 0) {
    left -= 1;
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
