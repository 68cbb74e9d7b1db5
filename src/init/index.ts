export { planAws } from "./aws";
export { type InitInput, type InitPlan, KINDS, type Kind, type Planner, type PoolPlan } from "./files";
export { planGcp } from "./gcp";
export { planLocal } from "./local";
