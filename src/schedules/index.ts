export {
  BESIDE,
  type DeclaredSchedule,
  KINDS,
  pickFields,
  programFaults,
  scheduleFromProgram,
  slugOf,
  TIMING,
  toProgram,
} from "./declared";
export { type Due, dueOf, MISSED_POLICIES, type MissedPolicy } from "./due";
export { type Occurrences, occurrencesOf, timingFault } from "./occurrences";
export { RRULE_START } from "./rrule";
export { MAX_INTERVAL, readSchedule, type Schedule, type Timing } from "./schedule";
export { isTimeZone } from "./wallClock";
