export { type Due, dueOf, MISSED_POLICIES, type MissedPolicy } from "./due";
export { type Occurrences, occurrencesOf } from "./occurrences";
export { readSchedule, type Schedule, type Timing } from "./schedule";
