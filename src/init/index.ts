export { planAws } from "./aws";
export { planAzure } from "./azure";
export { type InitInput, type InitPlan, KINDS, type Kind, type PoolPlan, type ProjectPlanner } from "./files";
export { planGcp } from "./gcp";
export { LANGUAGES, type Language } from "./languages";
export { planLocal } from "./local";
export { LOGINS, type Login } from "./login";
