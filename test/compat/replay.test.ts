/** Requests recorded from a real OpenStack get the same answers here, but for the differences that are listed with their reasons. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { startTestCloud } from '../support/start-cloud.ts';
import { explain, PAGE, pageOf, readDifferences } from './differences.ts';
import { PLACEHOLDER, readExchanges, routeOf, SERVICES, type Exchange } from './exchange.ts';
import { matches, Replay } from './replay.ts';

const cloud = await startTestCloud({ furnished: true });
await cloud.app.ready();
after(async () => await cloud[Symbol.asyncDispose]());
const replay = new Replay(cloud);
const differences = readDifferences();

const isServed = ({ url }: Exchange): boolean => {
  const path = (url.split('?')[0] ?? '').replaceAll(PLACEHOLDER, 'x');
  return cloud.routes.some((route) => matches(route.url, path));
};

for (const service of SERVICES) {
  test(`${service} answers what was recorded as it was answered then`, async (t) => {
    const all = readExchanges(service);
    const served = all.filter(isServed);
    let [equal, deliberate] = [0, 0];
    const wrong = new Map<string, string>();
    for (const exchange of served) {
      const route = routeOf(exchange);
      const outcome = await replay.send(service, exchange);
      const unexplained = outcome.differences.filter((what) => !explain(differences, route, what));
      if (outcome.differences.length === 0) equal += 1;
      else if (unexplained.length === 0) deliberate += 1;
      for (const what of unexplained) {
        const kind = `${route}: ${what}`;
        if (!wrong.has(kind)) wrong.set(kind, `${kind} [${outcome.seen.slice(0, 160)}]`);
      }
    }
    t.diagnostic(
      `${service}: ${new Set(served.map(routeOf)).size} routes, ${served.length} exchanges: ${equal} equal, ` +
        `${deliberate} different on purpose; ${all.length - served.length} of routes that are not served`,
    );
    assert.deepEqual([...wrong.values()], []);
  });
}

test('the page of differences says what the list says', () => {
  const page = readFileSync(PAGE, 'utf8');
  assert.equal(page, pageOf(differences), 'run node test/compat/write-page.ts');
});
