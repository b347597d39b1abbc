/** What the sagas of servers work with, and the steps that several of them share. */
import type { ConfigDriveFormat } from '#base/host/domain.ts';
import type { Json } from '#base/json.ts';
import { internalContext, type Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Logger } from '#platform/log.ts';
import type { SagaEngine } from '#platform/saga/engine.ts';
import type { SagaError } from '#platform/saga/saga.ts';
import type { ComputeDeps } from '../compute-deps.ts';
import { finishAction } from '../instance-actions/instance-action.store.ts';
import type { PlugWatch } from '../interfaces/plug-watch.ts';
import type { HostGrace } from '../nodes/host-grace.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { DesiredServers } from './desired-servers.ts';
import type { ServerFault } from './server-row.ts';
import { findServer, updateServer } from './server.store.ts';

export type ServerSagaDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  readonly network: ComputeDeps['network'];
  readonly image: ComputeDeps['image'];
  readonly placement: ComputeDeps['placement'];
  readonly scheduler: Scheduler;
  readonly servers: DesiredServers;
  readonly grace: HostGrace;
  readonly sagas: SagaEngine;
  /** Asks that a server's row be compared with what its host last said. Losing a call only costs time. */
  readonly lookAgain: (serverId: string) => void;
  readonly plugs: PlugWatch;
  /** 512 random bytes as base64, for guests without randomness of their own. */
  readonly newSeed: () => string;
  /** What the operator tells every server. */
  readonly vendorData: Json;
  readonly configDriveFormat: ConfigDriveFormat;
};

/** Whom a saga works for; part of every saga's parameters. */
export type SagaServer = {
  readonly serverId: string;
  readonly projectId: string;
  readonly requestId: string;
};

export function contextOf(
  deps: Pick<ServerSagaDeps, 'log'>,
  { projectId, requestId }: SagaServer,
  signal: AbortSignal,
): Context {
  return internalContext(deps.log, signal, projectId, requestId);
}

export async function endAction(
  deps: Pick<ServerSagaDeps, 'now'>,
  db: Db,
  { serverId, requestId }: SagaServer,
  error: string | null,
  host?: string,
): Promise<void> {
  await finishAction(db, serverId, requestId, {
    finish_time: deps.now().toISOString(),
    message: error === null ? null : 'Error',
    details: error,
    ...(host !== undefined && { host }),
  });
}

/** A fault as it is kept with its server. */
export function serverFault(message: string, at: Date, details = ''): ServerFault {
  return { code: 500, message, details, created: at.toISOString() };
}

/** Puts a server into ERROR with its fault, unless it is being deleted. Safe to repeat. */
export async function failServer(
  deps: Pick<ServerSagaDeps, 'db' | 'now'>,
  server: SagaServer,
  message: string,
  details: string,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const row = await findServer(tx, server.serverId);
    if (!row || row.task_state === 'deleting' || row.vm_state === 'error') return;
    await updateServer(tx, row.id, {
      vm_state: 'error',
      task_state: null,
      fault: JSON.stringify(serverFault(message, deps.now(), details)),
      updated_at: deps.now().toISOString(),
    });
    await endAction(deps, tx, server, message);
  });
}

/** The fault that a saga ended with, to be answered to whoever waits for it. */
export function faultOfSaga({ kind, code, message }: SagaError): Fault {
  return new Fault(kind, code, message);
}
