/** The log: one line of JSON an event, ids always as fields. */
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A logger that writes to a file, or to standard error when no path is given. */
export function openLog(name: string, level: LogLevel, path?: string): Logger {
  const destination = pino.destination({
    dest: path ?? 2,
    sync: true,
    mkdir: true,
    append: true,
    mode: 0o600,
  });
  return pino(
    { name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}

/** A logger that says nothing, for tests. */
export function silentLog(): Logger {
  return pino({ level: 'silent' });
}
