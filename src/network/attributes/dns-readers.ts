/** Names for the domain name system, as attributes: what may be one, in the words of neutron-lib. */
import { pythonStr } from '#base/text/python.ts';
import { invalidAttribute, invalidInput } from '../network.faults.ts';
import type { Reader } from './attribute.ts';

const MAX_LENGTH = 255;

/** The name of a host, with or without its domain; '' for none. Names have no case. */
export const dnsName: Reader<string> = (sent, name) => {
  const value = lowerCase(sent);
  const problem = dnsProblem(value);
  if (problem) throw invalidAttribute(name, problem);
  return value;
};

/** The name of a floating IP within a domain that is told beside it; '' for none. */
export const floatingDnsName: Reader<string> = (sent, name) => {
  const value = lowerCase(sent);
  const problem = value.endsWith('.')
    ? `'${value}' is a FQDN. It should be a relative domain name`
    : (dnsProblem(value) ?? lengthProblem(value));
  if (problem) throw invalidAttribute(name, problem);
  return value;
};

/** A domain of one letter, with the dots around it, has to fit behind. */
function lengthProblem(value: string): string | undefined {
  if (value.length <= MAX_LENGTH - 3) return undefined;
  return `'${value}' contains ${value.length} characters. Adding a domain name will cause it to exceed the maximum length of a FQDN of '${MAX_LENGTH}'`;
}

/** The name of a domain, ending in a dot; '' for none. */
export const dnsDomain: Reader<string> = (sent, name) => {
  const value = lowerCase(sent);
  if (value === '') return value;
  if (!value.endsWith('.')) throw invalidAttribute(name, `'${value}' is not a FQDN`);
  const problem = dnsProblem(value);
  if (problem) throw invalidAttribute(name, problem);
  return value;
};

function lowerCase(sent: unknown): string {
  if (typeof sent !== 'string') {
    throw invalidInput(`Input value ${pythonStr(sent)} must be string type`);
  }
  return sent.toLowerCase();
}

function dnsProblem(value: string): string | undefined {
  if (value === '') return undefined;
  const reason = nameProblem(value.endsWith('.') ? value.slice(0, -1) : value);
  return reason && `'${value}' not a valid PQDN or FQDN. Reason: ${reason}`;
}

function nameProblem(name: string): string | undefined {
  if (name.length > MAX_LENGTH) return `'${name}' exceeds the ${MAX_LENGTH} character FQDN limit`;
  const labels = name.split('.');
  for (const label of labels) {
    if (label === '') return 'Encountered an empty component';
    if (label.startsWith('-') || label.endsWith('-')) {
      return `Name '${label}' must not start or end with a hyphen`;
    }
    if (!/^[a-z0-9-]{1,63}$/.test(label)) {
      return `Name '${label}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen`;
    }
  }
  const last = labels.at(-1) ?? '';
  return labels.length > 1 && /^\d+$/.test(last)
    ? `TLD '${last}' must not be all numeric`
    : undefined;
}
