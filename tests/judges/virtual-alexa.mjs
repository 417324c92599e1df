// virtual-alexa plays the device: it matches what is said against the interaction model that we would import, and takes the response apart.
import assert from 'node:assert/strict';
import virtual from 'virtual-alexa';
import { done, task } from './play.mjs';

const t = await task();
const alexa = virtual.VirtualAlexa.Builder()
  .skillURL(t.endpoint).interactionModelFile(t.model).applicationID(t.skill_id).locale('en-US').create();

/** What is heard, which must be SSML. */
function heard(answer) {
  assert.match(answer.prompt() ?? '', /^<speak>.+<\/speak>$/s, 'nothing is heard');
  console.log(answer.prompt());
  return answer;
}

const unlinked = heard(await alexa.utter("what's my balance"));
assert.equal(unlinked.card()?.type, 'LinkAccount', 'no card to link with');
await alexa.endSession();

alexa.context().setAccessToken(t.access_token);
const opened = heard(await alexa.launch());
assert.equal(opened.response.shouldEndSession, false, 'hung up on who has just come');
assert(opened.reprompt(), 'no reprompt to an open question');
heard(await alexa.utter("what's my balance"));
heard(await alexa.intend('SpendingIntent', { category: 'supermarkets', period: t.week })); // a synonym, to be resolved by the model
heard(await alexa.utter('what have you shared'));
heard(await alexa.utter('help'));
const bye = await alexa.utter('stop');
assert.equal(bye.response.shouldEndSession, true, 'goes on after stop');

/** What the skill tells Alexa to listen for, which the model must have rules for. */
function told(answer, type) {
  assert(answer.directive(type), `no ${type}`);
  assert.equal(answer.response.shouldEndSession, false, 'hung up on a question');
  return answer.directive(type);
}

const sure = await alexa.utter('forget me');
heard(sure);
told(sure, 'Dialog.ConfirmIntent');
// Neither yes nor no, so that Alexa goes on by herself, in the words of the model. (virtual-alexa takes a dialogue for over once it was to be confirmed.)
const still = await alexa.request().intent('ForgetIntent').dialogState('IN_PROGRESS').send();
told(still, 'Dialog.Delegate');
assert.equal(still.prompt(), undefined, 'a delegated dialogue is spoken into');
const rules = alexa.context().interactionModel();
assert(rules.prompt(rules.dialogIntent('ForgetIntent').prompts.confirmation).variations[0].value, 'the model has nothing to ask');
const kept = heard(await alexa.request().intent('ForgetIntent', 'DENIED').send());
assert.equal(kept.response.shouldEndSession, true, 'goes on after a no');

const which = heard(await alexa.intend('BalanceIntent', { account: 'holiday pot' }));
assert.equal(told(which, 'Dialog.ElicitSlot').slotToElicit, 'account', 'another slot is asked for');
const elicited = heard(await alexa.intend('BalanceIntent', { account: 'current account' }));
assert.match(elicited.prompt(), /pounds/, 'the slot that was asked for was not understood');
done();
