/** What an ordinary user does with a cloud, from first start to purge: `node rootless-program.ts`, run as that user. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '#drivers/processes.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { findYard } from '#drivers/yard/yard.ts';
import { defaultCacheDir } from '#platform/config.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';

assert.notEqual(process.geteuid?.(), 0, 'this is for a user without rights');
borrowImage();

const cloud = await RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
await using _cloud = cloud;
assert.equal(findYard(cloud.stateDir)?.rootless, true);
const demo = new Demo(cloud);
const client = await demo.client();
const network_id = await demo.networkId();
const port = await client.make('/networking/v2.0/ports', { port: { network_id, fixed_ips: [] } });
assert.equal(port.ip_allocation, 'none');
const nics = [{ uuid: network_id }, { uuid: network_id }, { port: port.id }];
const id = await demo.boot({ name: 'vm', image: 'tiny-uec', networks: nics });
say('a guest with three interfaces was booted');

const links = await cloud.inGuest('vm', 'ip', '-o', 'link');
assert.equal(links.split('\n').filter((line) => line.includes('link/ether')).length, 3, links);
assert.ok(links.includes(port.mac_address), 'one of them is the port without an address');
assert.equal((await cloud.run('ssh', 'vm', '--', 'exit', '7')).code, 7);
say('ssh works');

const { code, stdout } = await cloud.run('exec', '--', 'id', '-u');
assert.deepEqual({ code, stdout }, { code: 0, stdout: '0\n' }, 'root of a namespace of its own');
assert.match((await cloud.run('exec', '--', 'ip', '-o', 'link')).stdout, /tap/);
say('exec works');

const before = cloud.guestPid(id);
await Promise.all([cloud.kill('control'), cloud.kill('agent'), cloud.kill('keeper')]);
await cloud.up();
await demo.becomes(id, 'ACTIVE');
assert.equal(cloud.guestPid(id), before);
say('the guest outlived control, agent and keeper');

const residents = listResidents(cloud.stateDir);
assert.ok(residents.length > 2);
const purged = await cloud.run('down', '--purge');
assert.equal(purged.code, 0, purged.stderr);
assert.ok(!existsSync(cloud.stateDir));
assert.ok(!residents.some(isAlive), 'a process was left behind');
say('nothing is left');

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The image that root's cache has, if it has it; else it is built here, which an ordinary user can do as well. */
function borrowImage(): void {
  const own = defaultCacheDir(process.env, false);
  const shared = defaultCacheDir(process.env, true);
  if (!existsSync(join(shared, 'packages.txt'))) return;
  mkdirSync(join(own, 'images'), { recursive: true });
  copyFileSync(join(shared, 'packages.txt'), join(own, 'packages.txt'));
  for (const name of readdirSync(join(shared, 'images'))) {
    symlinkSync(join(shared, 'images', name), join(own, 'images', name));
  }
}
