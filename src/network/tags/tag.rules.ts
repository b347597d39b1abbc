/** What tags may be. */
import { isJsonObject } from '#base/json.ts';
import { pythonStr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';
import { badListRequest, invalidInput } from '../network.faults.ts';

/** The collections whose members may have tags. */
export type TaggedResource =
  | 'networks'
  | 'subnets'
  | 'ports'
  | 'security_groups'
  | 'routers'
  | 'floatingips';

const MAX_LENGTH = 255;
const MAX_COUNT = 50;

/** The tags of `{"tags": ["red", "blue"]}`. */
export function readTags(body: unknown): readonly string[] {
  if (!isJsonObject(body) || body['tags'] === undefined) throw invalidInput('Invalid tags body');
  const tags: unknown = body['tags'];
  if (!Array.isArray(tags)) throw invalidInput(`'${pythonStr(tags)}' is not a list`);
  const twice = tags.find((tag, index) => tags.indexOf(tag) !== index) as unknown;
  if (twice !== undefined) {
    throw invalidInput(`Duplicate items in the list: '${pythonStr(twice)}'`);
  }
  return tags.map(readTag);
}

export function readTag(tag: unknown): string {
  if (typeof tag !== 'string') throw invalidInput(`'${pythonStr(tag)}' is not a valid string`);
  if (tag.length > MAX_LENGTH) {
    throw invalidInput(`'${tag}' exceeds maximum length of ${MAX_LENGTH}`);
  }
  return tag;
}

/** Refuses more tags than a resource may have. */
export function checkTagCount(resource: TaggedResource, tags: Iterable<string>): void {
  if (new Set(tags).size > MAX_COUNT) {
    throw badListRequest(
      resource,
      `The number of tags exceed the per-resource limit of ${MAX_COUNT}`,
    );
  }
}

export const tagNotFound = (tag: string) =>
  new Fault('not-found', 'TagNotFound', `Tag ${tag} could not be found.`);

export const taggedNotFound = (resource: TaggedResource, id: string) =>
  new Fault('not-found', 'TagResourceNotFound', `Resource ${resource} ${id} could not be found.`);
