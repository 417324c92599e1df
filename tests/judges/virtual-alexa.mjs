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
done();
