/** Finding the libraries of a program, on one that every host has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { elfWithSection } from './elf-sample.ts';
import { interpreter, neededLibraries } from './elf.ts';
import { searchLibraries, type OwnedFile } from './shared-libraries.ts';

const program: OwnedFile = { owner: 'coreutils', data: readFileSync('/bin/ls') };
const libc: OwnedFile = { owner: 'libc6', data: elfWithSection('.text', Buffer.alloc(0)) };

test('a program tells its libraries and its loader', () => {
  assert.ok(neededLibraries(program.data).includes('libc.so.6'));
  assert.equal(interpreter(program.data), '/lib64/ld-linux-x86-64.so.2');
});

test('what a library needs is found like what a program needs, once', () => {
  const needed = neededLibraries(program.data);
  const asked: string[] = [];
  const search = searchLibraries([program, program], (name) => {
    asked.push(name);
    // Another library that needs all that the program needs, itself among it.
    return name === 'libc.so.6' ? libc : { owner: 'other', data: program.data };
  });
  assert.deepEqual(asked.toSorted(), needed.toSorted());
  assert.deepEqual([...search.found.keys()].toSorted(), needed.toSorted());
  assert.deepEqual([...search.loaders], ['/lib64/ld-linux-x86-64.so.2']);
  assert.deepEqual(search.missing, []);
});

test('a library that no package has is told with the package that wants it', () => {
  const search = searchLibraries([program], (name) => (name === 'libc.so.6' ? undefined : libc));
  assert.deepEqual(search.missing, [{ name: 'libc.so.6', neededBy: 'coreutils' }]);
});

test('scripts need no libraries', () => {
  const script = { owner: 'us', data: Buffer.from('#!/bin/sh\n') };
  assert.equal(searchLibraries([script], () => undefined).missing.length, 0);
});
