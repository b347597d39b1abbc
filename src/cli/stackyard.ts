/** The command `stackyard`: finds the verb and lets it work. */
import { parseArgs } from 'node:util';
import { Fault } from '#platform/fault.ts';
import { explain, note, print } from './terminal.ts';
import { VERBS, usage } from './verbs.ts';

const [name = 'help', ...rest] = process.argv.slice(2);
const debug = rest.includes('--debug');

if (name === 'help' || name === '--help' || name === '-h') {
  print(usage());
} else if (name === '--version') {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  print(manifest.version);
} else {
  process.exitCode = await main(name, rest);
}

async function main(verbName: string, args: readonly string[]): Promise<number> {
  const verb = VERBS[verbName];
  if (!verb) {
    note(`stackyard: there is no command '${verbName}'.\n\n${usage()}`);
    return 2;
  }
  try {
    // What follows `--` is another program's.
    const split = args.indexOf('--');
    const own = split === -1 ? args : args.slice(0, split);
    const theirs = split === -1 ? [] : args.slice(split + 1);
    let parsed;
    try {
      parsed = parseArgs({
        args: [...own],
        options: { ...verb.options, debug: { type: 'boolean' }, help: { type: 'boolean' } },
        allowPositionals: true,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Fault('invalid', 'Usage', `${why}\n\n${verb.usage}`, { cause });
    }
    if (parsed.values['help'] === true) {
      print(verb.usage);
      return 0;
    }
    const run = await verb.load();
    return await run({ values: parsed.values, positionals: parsed.positionals, rest: theirs });
  } catch (error) {
    note(explain(error, debug));
    return 1;
  }
}
