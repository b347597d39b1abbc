/** What the command cannot do it says in one clear line, with an exit code, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt } from '#drivers/run.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { RealCloud, stackyard, STACKYARD } from '../support/real-cloud.ts';

const cases = [
  { words: ['walk'], code: 2, says: /there is no command 'walk'/ },
  { words: ['up', '--listen', 'here'], code: 1, says: /'here' is no address to listen on/ },
  { words: ['up', '--listen', '127.0.0.1:99999'], code: 1, says: /is no address to listen on/ },
  { words: ['up', '--hypervisor', 'xen'], code: 1, says: /--hypervisor takes qemu or fake/ },
  { words: ['up', '--dataplane', 'ovs'], code: 1, says: /--dataplane takes linux or fake/ },
  { words: ['up', '--hypervisor', 'qemu', '--dataplane', 'fake'], code: 1, says: /a real network/ },
  { words: ['up', '--fast'], code: 1, says: /Unknown option '--fast'/ },
  {
    words: ['up', '--listen', '192.0.2.1:5080'],
    code: 1,
    says: /this machine has no such address/,
  },
  { words: ['down', 'mine', '--purge'], code: 1, says: /Unexpected argument 'mine'/ },
  { words: ['up', '--', 'here'], code: 1, says: /Unexpected argument 'here'/ },
  { words: ['ssh', '-odd'], code: 1, says: /^stackyard: Unknown option '-o'\. See .*\n$/ },
  { words: ['status'], code: 3, says: /is down/ },
  { words: ['exec', '--', 'true'], code: 1, says: /has no yard/ },
  { words: ['exec'], code: 1, says: /Say what to run/ },
  { words: ['ssh', 'vm'], code: 1, says: /is not up\. Start it with 'stackyard up/ },
  { words: ['ssh'], code: 1, says: /Say which server/ },
  { words: ['image', 'build', 'huge'], code: 1, says: /stackyard image build tiny\|debian/ },
] as const;

for (const { words, code, says } of cases) {
  test(`stackyard ${words.join(' ')}: refused in words`, async () => {
    await using cloud = await RealCloud.make();
    const [verb, ...rest] = words;
    const own = verb === 'walk' || verb === 'image' ? [] : cloud.words;
    const answer = await stackyard([verb, ...own, ...rest]);
    assert.equal(answer.code, code, answer.stderr);
    assert.match(answer.stdout + answer.stderr, says);
    assert.ok(!/^ {4}at /m.test(answer.stderr), 'no stack is shown');
    assert.ok(!existsSync(cloud.stateDir), 'nothing is made');
  });
}

for (const how of ['--detach', '--empty']) {
  test(`up ${how} at a port that is taken is refused and makes nothing`, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await using cloud = await RealCloud.make();
      const listen = ['--listen', `127.0.0.1:${port}`];
      const { code, stderr } = await stackyard(['up', ...cloud.words, ...listen, how]);
      assert.equal(code, 1);
      assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: somebody else listens there/);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.ok(!existsSync(cloud.stateDir));
    } finally {
      server.close();
    }
  });
}

test('a second cloud in the same directory is refused while the first comes up', async () => {
  await using cloud = await RealCloud.make({ dataplane: 'linux' });
  const first = cloud.launch();
  const begun = join(cloud.stateDir, 'run', 'control.json');
  while (!existsSync(begun)) await new Promise((resolve) => setImmediate(resolve));
  const second = await stackyard([...cloud.upWords, '--detach']);
  if (second.code === 0) assert.match(second.stdout, /is up/);
  else assert.match(second.stderr, /is held by another process\. Is this cloud up already\?/);
  await cloud.untilUp();
  assert.equal((await cloud.status()).control_pid, cloud.controlPid());
  await cloud.down();
  await first;
});

const isRoot = process.geteuid?.() === 0;

test('a tool that is missing is named with its package', { skip: !isRoot }, async () => {
  await using cloud = await RealCloud.make();
  const hide = 'mount --bind /dev/null "$(command -v nft)" && exec "$@"';
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', hide, 'sh', STACKYARD];
  const { code, stderr } = await attempt('unshare', [...words, 'up', ...cloud.words], {
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(code, 1);
  assert.match(stderr, /nft/);
  assert.match(stderr, /apt-get install .*nftables/);
  assert.ok(!existsSync(cloud.stateDir));
});

test('exec passes words and exit codes through', async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const ran = await cloud.run('exec', '--', 'sh', '-c', 'echo "$1"; exit 42', 'sh', 'a  b --json');
  assert.equal(ran.code, 42);
  assert.equal(ran.stdout, 'a  b --json\n');
  assert.equal((await cloud.run('exec', '--', 'sh', '-c', 'kill -TERM $$')).code, 128 + 15);
  assert.equal((await cloud.run('exec', '--', 'no-such-command')).code, 127);
  const links = await cloud.run('exec', '--', 'ip', '-o', 'link');
  assert.equal(links.stdout.trim().split('\n').length, 1, 'it sees the yard: only a loopback');
  assert.ok(listResidents(cloud.stateDir).length > 0);
});
