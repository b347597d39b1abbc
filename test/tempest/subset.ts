/** Which of Tempest's tests are run by name, and which are left out and why. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#platform/fault.ts';

export type LeftOut = {
  readonly regex: string;
  /** What this cloud, or a kernel, lacks. */
  readonly reason: string;
};

const HERE = import.meta.dirname;

/** The regexes of a named set of tests. */
export async function readSubset(name: string): Promise<readonly string[]> {
  const path = join(HERE, 'subsets', `${name}.txt`);
  if (/[^a-z-]/.test(name) || !existsSync(path)) {
    const message = `There is no set of tests '${name}' in test/tempest/subsets.`;
    throw new Fault('invalid', 'Usage', message);
  }
  return await lines(path);
}

/** Tests that cannot pass here: a regex, a tab and the reason, a line each. */
export async function readLeftOut(): Promise<readonly LeftOut[]> {
  return (await lines(join(HERE, 'left-out.tsv'))).map((line) => {
    const [regex = '', reason = ''] = line.split('\t');
    return { regex, reason };
  });
}

/** The lines that are neither empty nor a remark. */
async function lines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
