/** Asks once over HTTP, from where it is run: `node ask.ts HOST PATH [OPTIONS as JSON]`. Says one line of JSON. */
import { request } from 'node:http';

export type AskOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The source address to speak from. */
  readonly from?: string;
  readonly port?: number;
  readonly timeoutMs?: number;
};

/** `status` is 0 when there was no answer; `text` then says why. */
export type Asked = {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
};

if (import.meta.main) {
  const [host = '', path = '', options = '{}'] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await ask(host, path, JSON.parse(options) as AskOptions)));
  process.exit(0);
}

async function ask(host: string, path: string, options: AskOptions): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const fail = (error: NodeJS.ErrnoException) =>
    resolve({ status: 0, text: error.code ?? error.message, headers: {} });
  const { timeoutMs = 4_000, from, port = 80, method = 'GET', headers = {} } = options;
  const sent = request(
    {
      host,
      port,
      path,
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(from === undefined ? {} : { localAddress: from }),
    },
    (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    },
  );
  sent.on('error', fail);
  sent.end(options.body);
  return await promise;
}
