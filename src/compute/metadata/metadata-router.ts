/** Which file of the metadata a guest asks for, and what it is answered. Pure. */
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { isJsonObject, type Json } from '#base/json.ts';
import {
  contentFile,
  fromBase64,
  openstackFile,
  openstackNames,
  type MetadataContent,
} from './content.ts';
import { ec2DataOf } from './ec2-data.ts';
import * as http from './http-answers.ts';
import { EC2_VERSIONS, ec2Version, OPENSTACK_VERSIONS, openstackVersion } from './versions.ts';

type Question = Pick<MetadataQuestion, 'method' | 'path'>;

const EC2_LISTING = [...EC2_VERSIONS, 'latest'];
/** Since this version a server's password can be told and read. */
const PASSWORD_SINCE = '2013-04-04';

/** The names on the way to what is asked for: `/openstack//latest/` is `openstack`, `latest`. Undefined when it is no path. */
export function stepsOf(path: string): readonly string[] | undefined {
  const [before = ''] = path.split(/[?#]/);
  let decoded: string;
  try {
    decoded = decodeURIComponent(before);
  } catch {
    return undefined; // a guest wrote what no path is
  }
  const steps: string[] = [];
  for (const step of decoded.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  // compat: what begins with neither is EC2's.
  return steps[0] === 'openstack' || steps[0] === 'ec2' ? steps : ['ec2', ...steps];
}

/** What can be said to anybody: which versions there are. Undefined for everything else. */
export function answerToAnybody(question: Question): HttpAnswer | undefined {
  const steps = stepsOf(question.path);
  if (steps?.length !== 1 || steps[0] !== 'ec2') return undefined;
  return byMethod(question, http.answerLines(EC2_LISTING));
}

/** True when the question is for the password, or tells it. */
export function asksForPassword({ path }: Question): boolean {
  const [tree, name = '', file, ...more] = stepsOf(path) ?? [];
  const version = openstackVersion(name);
  if (tree !== 'openstack' || file !== 'password' || more.length > 0) return false;
  return version !== undefined && version >= PASSWORD_SINCE;
}

/** Everything but the password. */
export function answerFrom(question: Question, content: MetadataContent): HttpAnswer {
  const [tree, ...steps] = stepsOf(question.path) ?? [];
  if (tree === undefined) return http.notFound();
  return byMethod(
    question,
    tree === 'openstack' ? fromOpenstack(steps, content) : fromEc2(steps, content),
  );
}

/** compat: Nova does not look at the method, and so answers to all as to GET. */
function byMethod({ method }: Question, found: HttpAnswer): HttpAnswer {
  if (found.status !== 200 || method === 'GET') return found;
  return method === 'HEAD' ? http.withoutBody(found) : http.methodNotAllowed(method);
}

function fromOpenstack(
  [first, second, ...more]: readonly string[],
  content: MetadataContent,
): HttpAnswer {
  if (first === undefined) return http.answerLines([...OPENSTACK_VERSIONS, 'latest']);
  if (more.length > 0) return http.notFound();
  if (second === undefined) return listVersion(first, content);
  const file =
    first === 'content' ? contentFile(content, second) : openstackFile(content, first, second);
  return file ? http.answerFile(file) : http.notFound();
}

function listVersion(name: string, content: MetadataContent): HttpAnswer {
  const version = openstackVersion(name);
  if (!version) return http.notFound();
  const names = openstackNames(version, content);
  // compat: the password stands before what the operator says.
  const before = names.filter((file) => file === 'meta_data.json' || file === 'user_data');
  const password = version >= PASSWORD_SINCE ? ['password'] : [];
  return http.answerLines([...before, ...password, ...names.slice(before.length)]);
}

function fromEc2([name, ...steps]: readonly string[], content: MetadataContent): HttpAnswer {
  if (name === undefined) return http.answerLines(EC2_LISTING);
  const version = ec2Version(name);
  if (!version) return http.notFound();
  if (steps[0] === 'user-data') {
    if (content.userData === null || steps.length > 1) return http.notFound();
    return http.answerFile(fromBase64(content.userData));
  }
  let found: Json | undefined = {
    'meta-data': ec2DataOf(version, content.ec2),
    ...(content.userData !== null && { 'user-data': '' }),
  };
  for (const step of steps) {
    found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return found === undefined ? http.notFound() : http.answerText(textOf(found));
}

/** A folder as the names in it, by name; folders end in a slash, but for keys, which are `0=name`. */
function textOf(value: Json): string {
  if (Array.isArray(value)) return value.join('\n');
  if (!isJsonObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.keys(value)
    .filter((name) => name !== '_name')
    .toSorted()
    .map((name) => {
      const inner = value[name];
      if (!isJsonObject(inner)) return name;
      return typeof inner['_name'] === 'string' ? inner['_name'] : `${name}/`;
    })
    .join('\n');
}
