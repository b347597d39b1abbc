/** The command `stackyard`: finds the verb and lets it work. */
import { parseArgs } from 'node:util';
import { Fault } from '#platform/fault.ts';
import { explain, note, print } from './terminal.ts';
import { VERBS, usage } from './verbs.ts';

const EVERYWHERE = {
  debug: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

// Whoever reads the output may stop, as `head` does: that ends neither a command nor a cloud in the foreground.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const [name = 'help', ...rest] = process.argv.slice(2);

if (name === 'help' || name === '--help' || name === '-h') {
  print(usage());
} else if (name === '--version') {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  print(manifest.version);
} else {
  process.exitCode = await main(name, rest);
}

async function main(verbName: string, args: readonly string[]): Promise<number> {
  const verb = Object.hasOwn(VERBS, verbName) ? VERBS[verbName] : undefined;
  if (!verb) {
    note(`stackyard: there is no command '${verbName}'.\n\n${usage()}`);
    return 2;
  }
  // What follows `--` is another program's.
  const split = args.indexOf('--');
  const own = split === -1 ? args : args.slice(0, split);
  const theirs = split === -1 ? [] : args.slice(split + 1);
  try {
    let parsed;
    try {
      parsed = parseArgs({
        args: withDefaults(verb.takesWords ? own : [...own, ...theirs], verb.defaults ?? {}),
        options: { ...verb.options, ...EVERYWHERE },
        allowPositionals: verb.takesWords,
      });
    } catch (cause) {
      throw new Fault('invalid', 'Usage', misuse(verbName, cause), { cause });
    }
    if (parsed.values['help'] === true) {
      print(verb.usage);
      return 0;
    }
    const run = await verb.load();
    return await run({ values: parsed.values, positionals: parsed.positionals, rest: theirs });
  } catch (error) {
    note(explain(error, own.includes('--debug')));
    return 1;
  }
}

/** Gives options that stand without a value the one that they then mean. */
function withDefaults(
  args: readonly string[],
  defaults: Readonly<Record<string, string>>,
): string[] {
  return args.map((word, index) => {
    const value = defaults[word.replace(/^--/, '')];
    const next = args[index + 1];
    const bare = word.startsWith('--') && (next === undefined || next.startsWith('-'));
    return value !== undefined && bare ? `${word}=${value}` : word;
  });
}

/** What the parser complains of, without its advice, which does not fit: what follows `--` is not ours. */
function misuse(verbName: string, cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  const [sentence = said] = said.split(/\.?(?:\n| (?=To |This ))/);
  return `${sentence.replace(/\.$/, '')}. See 'stackyard ${verbName} --help'.`;
}
