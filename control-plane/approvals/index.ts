/** Approvals: what one person asks for and another must agree to. */
export { askApproval, needsApproval, type ApprovalRequest } from './ask-approval';
export { finishApproval, voidApproval } from './finish-approval';
export { approvalDecision, type ApprovalDecision, type ApprovalKind } from './schema';
