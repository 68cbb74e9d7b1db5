/**
 * What the server of `pushpool ui` and its page say to each other: types only, which both import. Every path is under `/api`. Bodies are
 * JSON. Times are ISO 8601, UTC. No answer contains a credential: a secret is shown as `[secret]`.
 *
 * | request                                | answer                                            |
 * | -------------------------------------- | ------------------------------------------------- |
 * | `GET /api/stack`                       | {@link StackInfo}                                 |
 * | `GET /api/runs?…`                      | {@link RunsPage}, for {@link RunsQuery}           |
 * | `GET /api/strip?…`                     | {@link Strip}, for {@link RunsFilter}             |
 * | `GET /api/live`                        | events {@link LiveEvents}                         |
 * | `PUT /api/live/SESSION`                | 204, for {@link LiveView}                         |
 * | `POST /api/runs`                       | 201 {@link RunCreated}, for {@link NewRunRequest} |
 * | `POST /api/runs/check`                 | {@link RunChecked}, for {@link NewRunRequest}     |
 * | `GET /api/runs/ID`                     | {@link RunDetail}                                 |
 * | `GET /api/runs/ID/live`                | events {@link RunEvents}                          |
 * | `GET /api/runs/ID/logs?from=N`         | events {@link LogEvents}                          |
 * | `GET /api/runs/ID/logs.txt`            | the log as a text file                            |
 * | `POST /api/runs/ID/cancel`             | {@link RunAnswer}                                 |
 * | `POST /api/runs/ID/retry`              | {@link RunAnswer}                                 |
 * | `GET /api/deployments`                 | {@link DeploymentList}                            |
 * | `GET /api/deployments/FLOW/NAME`       | {@link DeploymentDetail}                          |
 * | `GET /api/pools`                       | {@link PoolList}                                  |
 * | `POST /api/pools/NAME/pause`, `resume` | {@link PoolAnswer}                                |
 *
 * Anything that fails answers {@link Problem}, with a status of 400 or higher.
 *
 * Over HTTP/1.1 a browser opens six connections to one host at most, for all its tabs. A page therefore closes its streams while it is hidden,
 * and holds at most two at a time.
 */
export type { Outcome } from "../../model/outcome";
export type { State, StateType } from "../../model/run";
export type { DeploymentDetail, DeploymentList, DeploymentRow, RecentRun, ScheduleInfo } from "./deployments";
export type { Json, JsonObject } from "./json";
export type { NewRunRequest, RunAnswer, RunChecked, RunCreated } from "./newRun";
export type { PoolAnswer, PoolCredentials, PoolList, PoolRow, PoolVariable, QueueRow } from "./pools";
export type { FieldProblem, Problem } from "./problem";
export type { Attempt, LogEvents, LogRow, Phase, PhaseName, RunActions, RunCommands, RunDetail, RunEvents, SentRequest } from "./run";
export type { LiveEvents, LiveView, RunRow, RunsFilter, RunsPage, RunsQuery, Strip, StripBucket } from "./runs";
export type { ServerInfo, StackInfo } from "./stack";
