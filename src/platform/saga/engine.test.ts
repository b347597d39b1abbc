/** The engine: order, undo, recovery after a death at every place, leases. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openDatabase } from '../db/database.ts';
import type { Db } from '../db/tables.ts';
import { Fault } from '../fault.ts';
import { silentLog } from '../log.ts';
import { endedSagasReconciler } from './ended-sagas.reconciler.ts';
import { SagaEngine, type SagaEnd } from './engine.ts';
import { Saga, type InjectionPoint, type Injector } from './saga.ts';
import { listSagaEvents } from './saga.store.ts';

type World = { readonly there: Set<string>; readonly calls: string[]; failAt?: string };

/** Three things that are made in order; each step may be repeated. */
const build = ['cellar', 'walls', 'roof'].reduce(
  (saga, name) =>
    saga.step({
      name,
      run: async ({ deps }) => {
        deps.calls.push(`run ${name}`);
        deps.there.add(name);
        if (deps.failAt === name) throw new Fault('no-capacity', 'NoBricks', 'No bricks are left.');
        return await Promise.resolve(`${name} done`);
      },
      undo: async ({ deps, error }) => {
        deps.calls.push(`undo ${name} after ${error.code}`);
        deps.there.delete(name);
        await Promise.resolve();
      },
    }) as Saga<{ plot: number }, World>,
  new Saga<{ plot: number }, World>('build'),
);

function engineOn(db: Db, world: World, inject?: Injector): SagaEngine {
  const engine = new SagaEngine({
    db,
    log: silentLog(),
    now: () => new Date(),
    newId: randomUUID,
    owner: randomUUID(),
    undoRetryMs: 1,
    ...(inject ? { inject } : {}),
  });
  engine.register(build, world);
  return engine;
}

async function startOne(db: Db, engine: SagaEngine): Promise<string> {
  const subject = { resourceId: 'r', projectId: 'p', requestId: 'q' };
  return await db
    .transaction()
    .execute(async (tx) => await engine.start(tx, build, { plot: 1 }, subject));
}

async function runOne(db: Db, engine: SagaEngine): Promise<SagaEnd> {
  await engine.begin();
  const id = await startOne(db, engine);
  engine.wake();
  return await engine.wait(id, AbortSignal.timeout(5000));
}

const newWorld = (): World => ({ there: new Set(), calls: [] });

test('a saga runs its steps in order and keeps their results', async () => {
  await using db = await disposable();
  const world = newWorld();
  const engine = engineOn(db.db, world);
  const end = await runOne(db.db, engine);
  await engine.close();
  assert.deepEqual(end, {
    state: 'done',
    results: { cellar: 'cellar done', walls: 'walls done', roof: 'roof done' },
  });
  assert.deepEqual(world.calls, ['run cellar', 'run walls', 'run roof']);
});

test('a step that fails is undone with those before it, in reverse', async () => {
  await using db = await disposable();
  const world: World = { ...newWorld(), failAt: 'walls' };
  const engine = engineOn(db.db, world);
  const end = await runOne(db.db, engine);
  await engine.close();
  assert.equal(end.state, 'undone');
  assert.deepEqual(end.state === 'undone' && end.error, {
    step: 'walls',
    kind: 'no-capacity',
    code: 'NoBricks',
    message: 'No bricks are left.',
  });
  assert.deepEqual(world.calls.slice(2), [
    'undo walls after NoBricks',
    'undo cellar after NoBricks',
  ]);
  assert.equal(world.there.size, 0);
});

test('an undo that fails is tried again', async () => {
  await using db = await disposable();
  const world: World = { ...newWorld(), failAt: 'roof' };
  let refusals = 3;
  const engine = engineOn(db.db, world, async ({ step, when }) => {
    if (step === 'cellar' && when === 'before-undo' && refusals-- > 0) throw new Error('not now');
    return await Promise.resolve('go on');
  });
  const end = await runOne(db.db, engine);
  await engine.close();
  assert.equal(end.state, 'undone');
  assert.equal(world.there.size, 0);
  assert.ok(refusals < 0);
});

test('an undo that always fails leaves the saga stuck, and the next start takes it up', async () => {
  await using db = await disposable();
  const world: World = { ...newWorld(), failAt: 'roof' };
  const first = engineOn(db.db, world, async ({ step, when }) => {
    if (step === 'walls' && when === 'before-undo') throw new Error('never');
    return await Promise.resolve('go on');
  });
  const end = await runOne(db.db, first);
  await first.close();
  assert.equal(end.state, 'stuck');
  assert.deepEqual([...world.there], ['cellar', 'walls']);

  const second = engineOn(db.db, world);
  await second.begin();
  await second.idle();
  await second.close();
  assert.equal(world.there.size, 0);
});

const places: Pick<InjectionPoint, 'step' | 'when'>[] = ['cellar', 'walls', 'roof'].flatMap(
  (step) =>
    (['before-run', 'after-run', 'before-undo', 'after-undo'] as const).map((when) => ({
      step,
      when,
    })),
);

for (const { step, when } of places) {
  const undoing = when.endsWith('undo');
  test(`a process that dies ${when} ${step} leaves a saga that the next one brings to its end`, async () => {
    await using db = await disposable();
    const world: World = undoing ? { ...newWorld(), failAt: 'roof' } : newWorld();
    // A dead process does nothing more and writes nothing more: its step never comes back.
    const died = Promise.withResolvers<void>();
    const dying = engineOn(db.db, world, async (point) => {
      if (point.step === step && point.when === when) {
        died.resolve();
        await new Promise(() => undefined);
      }
      return 'go on';
    });
    await dying.begin();
    await startOne(db.db, dying);
    dying.wake();
    await died.promise;

    const next = engineOn(db.db, world);
    await next.begin();
    await next.idle();
    await next.close();
    assert.equal(world.there.size, undoing ? 0 : 3);
    const [saga] = await db.db.selectFrom('sagas').selectAll().execute();
    assert.equal(saga?.state, undoing ? 'undone' : 'done');
    const kinds = (await listSagaEvents(db.db, saga?.id ?? '')).map(
      (event) => `${event.kind} ${event.step}`,
    );
    // What was recorded as done is never run again.
    assert.equal(new Set(kinds).size, kinds.length);
  });
}

test('two engines on one database never run the same saga', async () => {
  await using db = await disposable();
  const world = newWorld();
  const engines = [engineOn(db.db, world), engineOn(db.db, world)] as const;
  await engines[0].begin();
  for (let count = 0; count < 20; count++) await startOne(db.db, engines[0]);
  for (const engine of engines) engine.wake();
  await Promise.all(engines.map(async (engine) => await engine.idle()));
  await Promise.all(engines.map(async (engine) => await engine.close()));
  assert.equal(world.calls.filter((call) => call === 'run roof').length, 20);
});

test('a saga of a newer program is left alone', async () => {
  await using db = await disposable();
  const world = newWorld();
  const engine = engineOn(db.db, world);
  const id = await startOne(db.db, engine);
  await db.db.updateTable('sagas').set({ version: 99 }).where('id', '=', id).execute();
  await engine.begin();
  await engine.idle();
  await engine.close();
  assert.deepEqual(world.calls, []);
  const row = await db.db.selectFrom('sagas').select('state').executeTakeFirstOrThrow();
  assert.equal(row.state, 'running');
});

test('a saga of an older program that has begun is undone, not guessed at', async () => {
  await using db = await disposable();
  const world = newWorld();
  const died = Promise.withResolvers<void>();
  const old = engineOn(db.db, world, async ({ step, when }) => {
    if (step === 'walls' && when === 'after-run') {
      died.resolve();
      await new Promise(() => undefined);
    }
    return 'go on';
  });
  await old.begin();
  const id = await startOne(db.db, old);
  old.wake();
  await died.promise;
  await db.db.updateTable('sagas').set({ version: 0 }).where('id', '=', id).execute();

  const next = engineOn(db.db, world);
  await next.begin();
  await next.idle();
  await next.close();
  assert.equal(world.there.size, 0);
});

test('what ended long ago is forgotten with its log; what is stuck or new stays', async () => {
  await using db = await disposable();
  const world = newWorld();
  const engine = engineOn(db.db, world);
  await runOne(db.db, engine);
  await engine.close();
  const old = { ...(await db.db.selectFrom('sagas').selectAll().executeTakeFirstOrThrow()) };
  const longAgo = { ...old, updated_at: '2000-01-01T00:00:00.000Z' };
  await db.db
    .insertInto('sagas')
    .values([
      { ...longAgo, id: 'old' },
      { ...longAgo, id: 'stuck', state: 'stuck' },
    ])
    .execute();
  const tally = await endedSagasReconciler({ db: db.db, now: () => new Date() }).run(
    AbortSignal.timeout(5000),
  );
  assert.equal(tally.changed, 1);
  const left = await db.db.selectFrom('sagas').select('id').execute();
  assert.deepEqual(new Set(left.map(({ id }) => id)), new Set([old.id, 'stuck']));
});

async function disposable() {
  const db = await openDatabase(':memory:');
  return { db, [Symbol.asyncDispose]: async () => await db.destroy() };
}
