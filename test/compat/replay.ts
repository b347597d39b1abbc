/** Sends a recorded exchange to a cloud, with ids of things that exist there, and says how the answer differs. */
import type { Answer, Client, Method } from '../support/client.ts';
import type { TestCloud, TestUser } from '../support/start-cloud.ts';
import { Things } from '../support/things.ts';
import type { Exchange, ServiceName } from './exchange.ts';
import { Filling, type Unknown } from './filling.ts';
import { readError } from './refusal.ts';
import { compareShapes, shapeOf } from './shape.ts';

/** Who may have sent it: the recording does not say. The first who is answered as recorded counts. */
const SENDERS: Readonly<Record<ServiceName, readonly TestUser[]>> = {
  identity: ['admin', 'system', 'demo'],
  image: ['demo', 'admin'],
  networking: ['demo', 'admin', 'reader'],
  compute: ['demo', 'admin', 'reader', 'other'],
};

export type Outcome = {
  /** How the answer differs; empty when it is as recorded. */
  readonly differences: readonly string[];
  /** What the answer was, for people. */
  readonly seen: string;
};

export class Replay {
  readonly #cloud: TestCloud;
  readonly #things: Things;

  constructor(cloud: TestCloud) {
    this.#cloud = cloud;
    this.#things = new Things(cloud);
  }

  async send(service: ServiceName, exchange: Exchange): Promise<Outcome> {
    let nearest: Outcome | undefined;
    for (const unknown of unknownIn(exchange)) {
      for (const who of SENDERS[service]) {
        const outcome = await this.#sendAs(who, service, exchange, unknown);
        if (outcome.differences.length === 0) return outcome;
        if (!nearest || distance(outcome) < distance(nearest)) nearest = outcome;
      }
    }
    return nearest ?? { differences: [], seen: '' };
  }

  async #sendAs(
    who: TestUser,
    service: ServiceName,
    exchange: Exchange,
    unknown: Unknown,
  ): Promise<Outcome> {
    const filling = new Filling({
      cloud: this.#cloud,
      things: this.#things,
      service,
      exchange,
      unknown,
    });
    const url = await filling.url();
    const body = await filling.body();
    const client = await this.#cloud.as(who).client();
    const headers = {
      accept: exchange.accept ?? 'application/json',
      'content-type': exchange.contentType ?? 'application/json',
      ...(exchange.version !== undefined && { 'x-openstack-nova-api-version': exchange.version }),
      ...(await this.#subject(exchange)),
    };
    if (unknown !== 'path') await this.#prepare(service, exchange, url, body);
    const raw = exchange.contentType !== undefined && body !== undefined;
    const payload = raw && typeof body !== 'string' ? JSON.stringify(body) : body;
    const send = async () => await client.send(exchange.method as Method, url, payload, headers);
    let answer = await send();
    const changed = answer.status < 300;
    // What is refused because it is there already needs something to be there.
    if (exchange.status === 409 && changed) answer = await send();
    if (changed && exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      await this.#cloud.idle();
      this.#things.forgetAll();
    }
    if (changed && url.includes('/os-services/')) await this.#enable(url);
    if (url.includes('quota') || QUOTA.test(exchange.error?.text ?? ''))
      await this.#cloud.unlimit();
    const seen = `${who}: ${answer.status} ${answer.text.slice(0, 300)}`;
    return { differences: differencesOf(exchange, answer), seen };
  }

  /** Servers are placed on hosts that are not disabled. */
  async #enable(url: string): Promise<void> {
    const headers = { 'openstack-api-version': 'compute 2.53' };
    await this.#cloud.as('admin').put(url, { status: 'enabled', forced_down: false }, headers);
  }

  /** The token that a request is about. */
  async #subject({ url, method, status }: Exchange): Promise<Record<string, string>> {
    if (!url.startsWith('/identity/v3/auth/tokens') || method === 'POST' || status >= 300)
      return {};
    return { 'x-subject-token': await this.#cloud.newToken('demo') };
  }

  /** Brings about the state that a refusal was for. */
  async #prepareRefusal(text: string, path: string): Promise<void> {
    const [, ofNetwork, ofCompute] = QUOTA.exec(text) ?? [];
    const limited = ofNetwork ?? ofCompute;
    if (limited !== undefined) {
      await this.#cloud.limit(ofNetwork === undefined ? 'compute' : 'network', { [limited]: 0 });
    }
    const [demo, id] = [await this.#cloud.as('demo').client(), path.split('/').at(-1) ?? ''];
    const net = '/networking/v2.0';
    if (/ports still in use on the network/.test(text)) {
      await demo.send('POST', `${net}/ports`, { port: { network_id: id } });
    } else if (/Security Group .* in use/.test(text)) {
      const network_id = await this.#things.of('networking', 'networks');
      const port = { network_id, security_groups: [id] };
      await demo.send('POST', `${net}/ports`, { port });
    } else if (/has ports still attached/.test(text)) {
      await this.#things.routedSubnet();
    } else if (/in use by Port Forwarding/.test(text)) {
      const port_forwarding = await this.#things.forwarding();
      await demo.send('POST', `${path}/port_forwardings`, { port_forwarding });
      this.#things.forget('networking', 'floatingips');
    } else if (/is protected and cannot be deleted/.test(text)) {
      const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' };
      const patch = [{ op: 'replace', path: '/protected', value: true }];
      await demo.send('PATCH', path, JSON.stringify(patch), headers);
    } else if (/image has been deactivated/.test(text)) {
      const admin = await this.#cloud.as('admin').client();
      await admin.send('POST', path.replace(/file$/, 'actions/deactivate'));
    }
  }

  /** Puts what a success found there: what the recorded tests had done before. */
  async #prepare(
    service: ServiceName,
    { method, status, error }: Exchange,
    url: string,
    body: unknown,
  ): Promise<void> {
    const path = url.split('?')[0] ?? '';
    if (error) return await this.#prepareRefusal(error.text, path);
    if (status >= 300) return;
    const last = decodeURIComponent(path.split('/').at(-1) ?? '');
    const collection = path.replace(/\/[^/]+$/, '');
    const admin = await this.#cloud.as('admin').client();
    const [action = ''] = Object.keys(body ?? {});
    const before = path.endsWith('/action') ? BEFORE[action] : undefined;
    if (action.endsWith('SecurityGroup')) {
      const demo = await this.#cloud.as('demo').client();
      const given = (body as Record<string, { name: string }>)[action];
      await demo.send('POST', '/networking/v2.0/security-groups', { security_group: given });
      if (before !== undefined) await demo.send('POST', path, { [before]: given });
    } else if (before !== undefined) {
      const given = (body as Record<string, unknown>)[action];
      const isPlain = action === 'os-start' || action === 'unpause';
      await admin.send('POST', path, { [before]: isPlain ? null : given });
      await this.#cloud.idle();
    } else if (path.endsWith('/add_extraroutes')) {
      await this.#things.routedSubnet('2001:db8::/64');
    } else if (path.endsWith('/remove_addresses')) {
      await admin.send('PUT', path.replace('remove_', 'add_'), body);
    } else if (/\/os-extra_specs\/[^/]+$/.test(path)) {
      await admin.send('POST', collection, { extra_specs: { [last]: '1' } });
    } else if (/\/metadata\/[^/]+$/.test(path)) {
      await admin.send('POST', collection, { metadata: { [last]: '1' } });
    } else if (method === 'DELETE' && /\/domains\/[^/]+$/.test(path)) {
      await admin.send('PATCH', path, { domain: { enabled: false } });
    } else if (['GET', 'HEAD', 'DELETE'].includes(method) && IN_A_SET.test(path)) {
      await putInto(admin, service, path);
    }
  }
}

/** Actions that take back another, which comes first. */
const BEFORE: Readonly<Record<string, string>> = {
  'os-start': 'os-stop',
  unpause: 'pause',
  remove_host: 'add_host',
  removeTenantAccess: 'addTenantAccess',
  removeSecurityGroup: 'addSecurityGroup',
};

/** How the recorded tests had used up what a refusal says is used up. */
const QUOTA = /Quota exceeded for (?:resources: \['(\w+)'\]|(\w+):)/;

/** Addresses of one thing in a set of another: it is put there by the same address. */
const IN_A_SET = /\/(tags|implies|roles|groups\/[^/]+\/users)\/[^/]+(\/inherited_to_projects)?$/;

async function putInto(admin: Client, service: ServiceName, path: string): Promise<void> {
  const tags = service === 'compute' ? { 'openstack-api-version': 'compute 2.26' } : {};
  await admin.send('PUT', path, undefined, tags);
}

/** Which ids may have been of nothing, in the order to try. */
function unknownIn({ status, method, body, url }: Exchange): readonly Unknown[] {
  if (status === 201 && method === 'PUT') return ['none', 'path'];
  if (status < 400 || status === 403) return ['none'];
  const path: Unknown[] = url.includes('{') ? ['path'] : [];
  const inBody: Unknown[] = body === undefined ? [] : ['body'];
  return ['none', ...path, ...inBody];
}

/** Whether a served route is meant by a path. */
export function matches(route: string, path: string): boolean {
  const [patterns, parts] = [route.split('/'), path.replace(/\/$/, '').split('/')];
  if (route.endsWith('/')) patterns.pop();
  return (
    patterns.length === parts.length &&
    patterns.every((pattern, index) => pattern.startsWith(':') || pattern === parts[index])
  );
}

/** How far an answer is from the recorded one. Who may not even ask says least. */
function distance({ differences, seen }: Outcome): number {
  const status = differences.some((one) => one.startsWith('answers ')) ? 1000 : 0;
  return status + (/: 403 /.test(seen) ? 100 : 0) + differences.length;
}

function differencesOf(exchange: Exchange, answer: Answer): string[] {
  const { status, error, shape, method } = exchange;
  if (answer.status !== status) {
    return [`answers ${answer.status} and not ${status}${error ? ` "${plain(error.text)}"` : ''}`];
  }
  if (method === 'HEAD') return [];
  if (error) {
    const seen = readError(answer.body ?? answer.text);
    const [ours, theirs] = [plain(seen.text), plain(error.text)];
    const found: string[] = [];
    if (error.type !== undefined && seen.type !== error.type) {
      found.push(`is of type ${seen.type} and not ${error.type}`);
    }
    if (!sameText(ours, theirs)) found.push(`says "${ours}" and not "${theirs}"`);
    return found;
  }
  // An empty answer and JSON's null were recorded alike.
  if (shape === undefined)
    return ['', 'null'].includes(answer.text) ? [] : ['has a body, and should not'];
  return compareShapes(shape, shapeOf(answer.body ?? answer.text));
}

const ID =
  /(?<![0-9A-Za-z])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9A-Za-z])/g;

/** A text without what is different each time. */
function plain(text: string): string {
  return text
    .replaceAll(/\{[a-z_-]+#\d+\}/g, '{}')
    .replaceAll(ID, '{}')
    .replaceAll(/\b[a-z-]+-\d+\b/g, '{}')
    .replaceAll(/\b0x[0-9a-f]+\b|(?<=_change-)\d+/g, '{}')
    .replaceAll(/(?<=\s)\d+(?=\s|$|\.(?:\s|$))/g, '{}');
}

/** Recorded texts may be cut. */
function sameText(ours: string, theirs: string): boolean {
  return ours === theirs || (theirs.endsWith('...') && ours.startsWith(theirs.slice(0, -3)));
}
