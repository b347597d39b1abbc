/** Makes a failing case as small as a person wants to read. */
import type { PortSpec } from '#base/host/links.ts';
import type { Case, State, Step } from './case.ts';

/** Enough for most cases; what is not yet the smallest is small enough then. */
const PATIENCE_MS = 20_000;

/** Takes away whatever can go while `fails` still says so. */
export async function shrink(one: Case, fails: (smaller: Case) => Promise<boolean>): Promise<Case> {
  const deadline = Date.now() + PATIENCE_MS;
  let small = one;
  for (let changed = true; changed && Date.now() < deadline;) {
    changed = false;
    for (const smaller of smallerOnes(small)) {
      if (Date.now() > deadline) break;
      if (!(await fails(smaller))) continue;
      small = smaller;
      changed = true;
      break;
    }
  }
  return small;
}

/** Large bites first. */
function* smallerOnes(one: Case): Generator<Case> {
  const { steps, start } = one;
  for (
    let size = Math.ceil(steps.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = steps.length - size; at > -size; at -= size) {
      yield { ...one, steps: steps.toSpliced(Math.max(0, at), size) };
    }
  }
  for (const group of start.groups) {
    if (group.rules.length > 1)
      yield withoutRules(
        one,
        group.rules.map((rule) => rule.id),
      );
  }
  for (const rule of start.groups.flatMap((group) => group.rules))
    yield withoutRules(one, [rule.id]);
  for (const member of start.members) {
    yield {
      ...one,
      start: { ...start, members: start.members.filter((other) => other !== member) },
    };
  }
  for (const port of start.ports) {
    for (const simpler of simplerPorts(port)) yield withPort(one, simpler);
  }
  for (const group of start.addressGroups) {
    if (group.cidrs.length === 0) continue;
    const addressGroups = start.addressGroups.map((other) =>
      other === group ? { ...group, cidrs: group.cidrs.slice(1) } : other,
    );
    yield { ...one, start: { ...start, addressGroups } };
  }
}

function withoutRules({ start, steps }: Case, ids: readonly string[]): Case {
  const strip = <T extends Partial<Pick<State, 'groups'>>>(part: T): T =>
    part.groups === undefined
      ? part
      : {
          ...part,
          groups: part.groups.map((group) => ({
            ...group,
            rules: group.rules.filter((rule) => !ids.includes(rule.id)),
          })),
        };
  return {
    start: strip(start),
    steps: steps.map((step): Step =>
      step.kind === 'change' ? { ...step, change: strip(step.change) } : step,
    ),
  };
}

function* simplerPorts(port: PortSpec): Generator<PortSpec> {
  const { firewall } = port;
  if (firewall === null) return;
  yield { ...port, firewall: null };
  const { groups, pairs, ethertypes } = firewall;
  for (const id of groups) {
    yield { ...port, firewall: { ...firewall, groups: groups.filter((other) => other !== id) } };
  }
  for (const pair of pairs) {
    yield { ...port, firewall: { ...firewall, pairs: pairs.filter((other) => other !== pair) } };
  }
  if (ethertypes.length > 0) yield { ...port, firewall: { ...firewall, ethertypes: [] } };
}

function withPort(one: Case, port: PortSpec): Case {
  const ports = one.start.ports.map((other) => (other.id === port.id ? port : other));
  return { ...one, start: { ...one.start, ports } };
}
