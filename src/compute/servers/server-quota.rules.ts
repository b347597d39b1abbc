/** How many servers a project may still have. Pure. */
import { quotaExceeded } from '../compute.faults.ts';
import type { Usage } from './server-row.ts';

type Counted = 'cores' | 'instances' | 'ram';
/** In the order in which Nova names them. */
const COUNTED: readonly Counted[] = ['cores', 'instances', 'ram'];

export type Size = { readonly vcpus: number; readonly ram: number };

/** As many servers as fit, at most `max`; throws when not even `min` do. */
export function checkServerQuota(
  limits: Readonly<Record<Counted, number>>,
  usage: Usage,
  size: Size,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const each: Record<Counted, number> = { instances: 1, cores: size.vcpus, ram: size.ram };
  const room = (name: Counted) =>
    limits[name] < 0 || each[name] === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(0, Math.floor((limits[name] - usage[name]) / each[name]));
  const fits = Math.min(max, ...COUNTED.map(room));
  if (fits >= min) return fits;
  const overs = COUNTED.filter((name) => room(name) < min);
  const first = overs[0] ?? 'instances';
  throw quotaExceeded(overs, min * each[first], usage[first], limits[first]);
}
