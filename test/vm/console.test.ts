/**
 * Consoles of a real guest whose only card has no address: its screen and its serial port, over WebSocket, in a real
 * browser and with the stock client. What a network knows of a server is no part of how one sits down at it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createWebSocketStream, WebSocket } from 'ws';
import { attempt } from '#drivers/run.ts';
import { Browser } from '../support/browser.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const NETWORKING = '/networking/v2.0';
const BOOT_MS = 90_000;

describe('the console of a server whose only card has no address', { timeout: 240_000 }, () => {
  let cloud: RealCloud;
  let demo: Demo;
  let id: string;

  before(async () => {
    cloud = await RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
    demo = new Demo(cloud);
    const client = await demo.client();
    const network = await client.make(`${NETWORKING}/networks`, { network: { name: 'wire' } });
    // Without a subnet, security groups could not apply, and Nova would refuse to boot.
    const subnet = { network_id: network.id, ip_version: 4, cidr: '10.66.0.0/24' };
    await client.make(`${NETWORKING}/subnets`, { subnet });
    const port = await client.make(`${NETWORKING}/ports`, {
      port: { network_id: network.id, fixed_ips: [] },
    });
    assert.equal(port.ip_allocation, 'none');
    id = await demo.boot({ name: 'bare', image: 'tiny-uec', networks: [{ port: port.id }] });
    assert.deepEqual((await demo.show(id)).addresses['wire'] ?? [], []);
    await waitFor('the guest is up', async () => /tiny: up/.test(await log()), BOOT_MS, 200);
  });
  after(async () => await cloud[Symbol.asyncDispose]());

  const log = async (): Promise<string> => {
    const client = await demo.client();
    const wanted = { 'os-getConsoleOutput': { length: -1 } };
    return (await client.send('POST', `/compute/v2.1/servers/${id}/action`, wanted)).body
      .output as string;
  };

  const consoleUrl = async (protocol: string, type: string): Promise<string> => {
    const client = await demo.client();
    const wanted = { remote_console: { protocol, type } };
    return (await client.make(`/compute/v2.1/servers/${id}/remote-consoles`, wanted)).url as string;
  };

  /** The WebSocket behind the address of a screen, found as Tempest finds it. */
  const screenSocket = async (): Promise<string> => {
    const url = new URL(await consoleUrl('vnc', 'novnc'));
    return `ws://${url.host}/${url.searchParams.get('path')}`;
  };

  test('a screen speaks RFB to whoever has its address, message by message', async () => {
    const socket = new WebSocket(await screenSocket(), ['binary']);
    const next = async () => ((await once(socket, 'message')) as [Buffer])[0];
    const greeting = await next();
    assert.equal(greeting.toString(), 'RFB 003.008\n');
    const say = async (bytes: Buffer) => {
      const answer = next();
      socket.send(bytes);
      return await answer;
    };
    const security = await say(greeting);
    assert.ok(security.subarray(1).includes(1), 'no authentication is asked for');
    assert.deepEqual([...(await say(Buffer.from([1])))], [0, 0, 0, 0]);
    const init = await say(Buffer.from([1]));
    assert.equal(init.length, 24 + init.readUInt32BE(20));
    assert.match(init.toString('latin1', 24), /bare|instance-/);
    socket.terminate();
  });

  test('a serial port gives a shell, to several at once, and its log goes on', async () => {
    const url = await consoleUrl('serial', 'serial');
    const [one, two] = [0, 1].map(() => createWebSocketStream(new WebSocket(url, ['binary'])));
    assert.ok(one && two);
    const heard = ['', ''];
    [one, two].forEach((stream, index) =>
      stream.on('data', (chunk: Buffer) => (heard[index] += chunk.toString())),
    );
    await waitFor(
      'a shell answers',
      () => {
        if (heard[0]?.endsWith('# ') !== true) one.write('\r');
        return heard[0]?.endsWith('# ');
      },
      20_000,
      500,
    );
    one.write('echo seen-$((6 * 7))\r');
    await waitFor(
      'both have seen it',
      () => heard.every((text) => text.includes('seen-42')),
      20_000,
    );
    assert.match(await log(), /seen-42/);
    one.destroy();
    two.destroy();
  });

  test('a browser shows the screen of the server, and types into it', async () => {
    await using browser = await Browser.start();
    await browser.open(await consoleUrl('vnc', 'novnc'));
    await browser.until(
      'the page is connected',
      `document.documentElement.dataset.state === 'connected'`,
      30_000,
    );
    // How much of the picture is not black, and what it is.
    const lit = `(() => {
      const canvas = document.querySelector('#screen canvas');
      if (!canvas || canvas.width < 640) return 0;
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] + data[at + 1] + data[at + 2] > 90) count += 1;
      return count;
    })()`;
    await browser.until('the screen shows something', `${lit} > 200`, 30_000);
    assert.match((await browser.read<string>('document.title')) ?? '', /noVNC/);
    await keep('screen-before.png', await browser.picture());
    const atFirst = (await browser.read<number>(lit)) ?? 0;
    // A shell begins when somebody presses Enter.
    await browser.type('\n');
    await browser.until('a shell shows its prompt', `${lit} > ${atFirst} + 100`, 30_000);
    const prompt = (await browser.read<number>(lit)) ?? 0;
    await browser.type('uname\n');
    await browser.until('what was typed is answered', `${lit} > ${prompt} + 350`, 30_000);
    await keep('screen-after.png', await browser.picture());
    assert.deepEqual(browser.complaints, []);
  });

  test('a browser that opens the address of a serial port shows a terminal', async () => {
    await using browser = await Browser.start();
    await browser.open((await consoleUrl('serial', 'serial')).replace(/^ws/, 'http'));
    await browser.until(
      'the page is connected',
      `document.documentElement.dataset.state === 'connected'`,
      30_000,
    );
    await browser.type('\n');
    const text = `document.getElementById('terminal').textContent`;
    await browser.until('a shell shows its prompt', `/# $/.test(${text}.trimEnd() + ' ')`, 30_000);
    await browser.type('uname\n');
    await browser.until('it answers', `/\\nLinux\\n/.test(${text})`, 30_000);
    await keep('serial.png', await browser.picture());
    assert.deepEqual(browser.complaints, []);
  });

  test('a browser says so when the address is of no use any more', async () => {
    await using browser = await Browser.start();
    const url = await consoleUrl('vnc', 'novnc');
    await browser.open(url.replace('token%3D', 'token%3Dbad'));
    await browser.until(
      'the page says so',
      `/^No connection/.test(document.getElementById('status').textContent)`,
      30_000,
    );
  });

  test('the stock client prints the address', async () => {
    const env = {
      OS_CLIENT_CONFIG_FILE: join(cloud.stateDir, 'clouds.yaml'),
      OS_CLOUD: 'stackyard',
    };
    for (const [flag, pattern] of [
      ['--novnc', /^http:\/\/127\.0\.0\.1:\d+\/novnc\/vnc_auto\.html\?path=/],
      ['--serial', /^ws:\/\/127\.0\.0\.1:\d+\/serial\?token=/],
    ] as const) {
      const words = ['console', 'url', 'show', flag, '-f', 'value', '-c', 'url', id];
      const { stdout, stderr } = await attempt('openstack', words, {
        signal: AbortSignal.timeout(60_000),
        env,
      });
      assert.match(stdout, pattern, stderr);
    }
  });

  test('an agent that is killed costs the connection, and neither the guest nor the address', async () => {
    const url = await screenSocket();
    const socket = new WebSocket(url, ['binary']);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    const pid = cloud.guestPid(id);
    await cloud.kill('agent');
    await closed;
    const again = await waitFor('the screen is there again', async () => {
      const other = new WebSocket(url, ['binary']);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      other.on('message', () => resolve(true)).on('error', () => resolve(false));
      return (await promise) && other;
    });
    again.terminate();
    assert.equal(cloud.guestPid(id), pid);
  });

  test('a console ends with its server, and its address opens nothing after that', async () => {
    const url = await screenSocket();
    const socket = new WebSocket(url, ['binary']);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    const client = await demo.client();
    await client.remove(`/compute/v2.1/servers/${id}`);
    await closed;
    const again = new WebSocket(url, ['binary']);
    const [, response] = (await once(again, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    assert.equal(response.statusCode, 403);
    again.on('error', () => undefined).terminate();
  });
});

/** Leaves a picture where a person who wants to see it has asked for it. */
async function keep(name: string, picture: Buffer): Promise<void> {
  const folder = process.env['STACKYARD_PICTURES'];
  if (folder !== undefined) await writeFile(join(folder, name), picture);
}
