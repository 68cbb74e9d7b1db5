export { awsProvider } from "./awsProvider";
