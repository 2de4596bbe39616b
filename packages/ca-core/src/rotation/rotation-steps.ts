import {
  abandonFailing,
  abandonGeneration,
  destroyKeys,
  makeGeneration,
  publishGeneration,
  recordDestroyed,
  recordGeneration,
  restoreMarks,
  retireGenerations,
  sealLeftovers,
  sealMark,
  switchPhases,
} from "./steps/generations.ts";
import { disableAnchors } from "./steps/disable-anchor.ts";
import { joinAnchors, unjoinAnchors, unjoinIgnored } from "./steps/join.ts";
import { carryOnOperations, liftCompromiseHold } from "./steps/operations.ts";
import { renewOwnLeaves, runCanaries } from "./steps/prove.ts";
import { readAnchors } from "./steps/read.ts";
import { letGo } from "./steps/release.ts";
import type { Step } from "./steps/step.ts";
import {
  createAnchors,
  deleteCrls,
  deleteSecondCrls,
  importCrls,
  publishRoot,
  removeRoots,
  repairAnchors,
  storeIntents,
} from "./steps/write-anchor.ts";

/**
 * The steps of a rotation. The first that is proposed and that no guard holds up is taken, so the order is that of
 * urgency: what bounds the leaves, what an operator orders, what is lost, compromised or given up, and only then what is
 * next.
 */
export const ROTATION_STEPS: readonly Step[] = [
  { name: "every mark exists", propose: restoreMarks },
  { name: "operations are carried on", propose: carryOnOperations },
  { name: "what was ordered to be disabled is", propose: disableAnchors },
  { name: "the hold of a compromise is lifted", propose: liftCompromiseHold },
  { name: "an ignored anchor is joined no more", propose: unjoinIgnored },
  { name: "every anchor was read lately", propose: readAnchors },
  { name: "what is compromised or failing is given up", propose: abandonFailing },
  { name: "an anchor that lost something is joined no more", propose: unjoinAnchors },
  { name: "a lost root is back", propose: repairAnchors },
  { name: "a generation that was made is in status", propose: recordGeneration },
  { name: "a missing anchor exists", propose: createAnchors },
  { name: "the next root is in every anchor", propose: publishRoot },
  { name: "the publisher's own leaf is of a root that stays", propose: renewOwnLeaves },
  { name: "a root that is done is removed", propose: removeRoots },
  { name: "a removal is announced", propose: storeIntents },
  { name: "the CRL of a removed root is deleted", propose: deleteCrls },
  { name: "a generation has one CRL in an anchor", propose: deleteSecondCrls },
  { name: "every root's CRL is in every anchor", propose: importCrls },
  { name: "an anchor that holds everything is joined", propose: joinAnchors },
  { name: "the next generation is Published", propose: publishGeneration },
  { name: "canaries have passed", propose: runCanaries },
  { name: "the old mark is sealed", propose: sealMark },
  { name: "phases follow the seal", propose: switchPhases },
  { name: "the mark of what signs no more is sealed", propose: sealLeftovers },
  { name: "a generation that was given up is Abandoned", propose: abandonGeneration },
  { name: "a drained generation is Retired", propose: retireGenerations },
  { name: "the key of what is done is destroyed", propose: destroyKeys },
  { name: "what has no key is Destroyed", propose: recordDestroyed },
  { name: "the next generation is made", propose: makeGeneration },
  { name: "a deleted authority is let go", propose: letGo },
];
