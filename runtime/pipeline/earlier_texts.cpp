// {{earlier}} in prompts: the texts of all agents that come before.
#include "runtime/pipeline/earlier_texts.hpp"

#include "agents/prompt_template.hpp"

namespace avp {
namespace {

std::string texts_of(const std::vector<std::string>& agents) {
  std::string all;
  for (const auto& name : agents)
    all += (all.empty() ? "" : "\n\n") + name + ":\n{{" + name + "}}";
  return all;
}

void replace_earlier(std::string& text, const std::string& texts) {
  std::vector<prompt_template::variable_place> places;
  try {
    places = prompt_template(text).places();
  } catch (const template_error&) { // the loader reports it
    return;
  }
  for (auto place = places.rbegin(); place != places.rend(); ++place)
    if (place->name == earlier_variable)
      text.replace(place->offset, text.find("}}", place->offset) + 2 - place->offset, texts);
}

} // namespace

void expand_earlier(pipeline& p) {
  for (auto& agent : p.agents) {
    const auto texts = texts_of(p.flow.ancestors(agent.name));
    replace_earlier(agent.system, texts);
    replace_earlier(agent.prompt, texts);
    if (agent.text_prompt)
      replace_earlier(*agent.text_prompt, texts);
  }
}

} // namespace avp
