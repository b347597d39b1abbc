/** A real browser without a window, which looks at one page. It speaks to this machine's loopback and to nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { start } from '#drivers/run.ts';
import { waitFor } from './wait-for.ts';

const FLAGS = [
  '--headless=new',
  '--remote-debugging-port=0',
  // It has no rights to give away here, and root may not have it otherwise.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-proxy-server',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--window-size=1100,800',
];

type Reply = { readonly id?: number; readonly result?: unknown; readonly error?: object };
type Event = { readonly method?: string; readonly params?: unknown };

/** `await using` ends it. */
export class Browser implements AsyncDisposable {
  /** What pages complained of. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #close: () => Promise<void>;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #session: string | undefined;
  #last = 0;

  private constructor(socket: WebSocket, close: () => Promise<void>) {
    this.#socket = socket;
    this.#close = close;
    socket.on('message', (data: Buffer) =>
      this.#hear(JSON.parse(data.toString()) as Reply & Event),
    );
    socket.on('close', () => {
      for (const { reject } of this.#asked.values()) reject(new Error('the browser has ended'));
    });
  }

  static async start(): Promise<Browser> {
    const home = await mkdtemp(join(tmpdir(), 'stackyard-browser-'));
    const child = start('chromium', [...FLAGS, `--user-data-dir=${home}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: home },
    });
    const ended = once(child, 'exit');
    const close = async () => {
      child.kill('SIGKILL');
      await ended;
      // Its helpers may write a little longer.
      await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    };
    try {
      assert.ok(child.stderr);
      let address: string | undefined;
      for await (const line of createInterface({ input: child.stderr })) {
        [, address] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? [];
        if (address !== undefined) break;
      }
      child.stderr.resume();
      assert.ok(address, 'the browser started');
      const socket = new WebSocket(address, { perMessageDeflate: false });
      await once(socket, 'open');
      const browser = new Browser(socket, close);
      await browser.#attach();
      return browser;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
  }

  /** What an expression is in the page. */
  async read<T>(expression: string): Promise<T | undefined> {
    const { result } = (await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as { result: { value?: T } };
    return result.value;
  }

  /** Waits until an expression is true in the page; what it has complained of says why it is not. */
  async until(what: string, expression: string, ms: number): Promise<void> {
    try {
      await waitFor(what, async () => await this.read<boolean>(expression), ms, 50);
    } catch (cause) {
      throw new Error(`${what}; the page said: ${this.complaints.join('\n')}`, { cause });
    }
  }

  /** Types on the keyboard, as a person would; `\n` is Enter. */
  async type(text: string): Promise<void> {
    for (const character of text) {
      const key = KEYS[character] ?? {
        key: character,
        code: `Key${character.toUpperCase()}`,
        windowsVirtualKeyCode: character.toUpperCase().charCodeAt(0),
        text: character,
      };
      await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
      await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
    }
  }

  async click(selector: string): Promise<void> {
    await this.read(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** What is to be seen, as a PNG. */
  async picture(): Promise<Buffer> {
    const { data } = (await this.#send('Page.captureScreenshot')) as { data: string };
    return Buffer.from(data, 'base64');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#close();
  }

  async #attach(): Promise<void> {
    const { targetId } = (await this.#send('Target.createTarget', { url: 'about:blank' })) as {
      targetId: string;
    };
    const how = { targetId, flatten: true };
    const { sessionId } = (await this.#send('Target.attachToTarget', how)) as { sessionId: string };
    this.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await this.#send(`${domain}.enable`);
  }

  async #send(method: string, params: object = {}): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return await asked.promise;
  }

  #hear({ id, result, error, method, params }: Reply & Event): void {
    const entry = (params as { entry?: { level: string } } | undefined)?.entry;
    if (method === 'Runtime.exceptionThrown' || entry?.level === 'error') {
      this.complaints.push(JSON.stringify(params));
    }
    if (id === undefined) return;
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) asked?.reject(new Error(JSON.stringify(error)));
    else asked?.resolve(result);
  }
}

const KEYS: Readonly<Record<string, object>> = {
  '\n': { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  ' ': { key: ' ', code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
};
