export { checkJobVariables, checkParameters, checkRequiredVariables, checkTemplate, checkTemplateShape } from "./check";
export { defaultTemplate } from "./defaultTemplate";
export { type PrepareContext, prepareJob } from "./prepare";
export { type JobInput, resolveJob } from "./resolve";
export { validateJob } from "./validate";
