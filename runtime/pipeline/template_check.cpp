// Whether every template of a pipeline parses, can be filled, and is there in each mode.
#include <algorithm>
#include <map>

#include "agents/prompt_template.hpp"
#include "runtime/pipeline/agent_templates.hpp"
#include "runtime/pipeline/earlier_texts.hpp"
#include "runtime/pipeline/history.hpp"
#include "runtime/pipeline/mistyped_variables.hpp"
#include "runtime/pipeline/pipeline_check.hpp"
#include "runtime/pipeline/plan.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

using name_list = std::vector<std::string>;

std::string braced(const name_list& all) {
  std::string result;
  for (const auto& name : all)
    result += (result.empty() ? "{{" : ", {{") + name + "}}";
  return result;
}

class template_checker {
public:
  template_checker(pipeline& p, pipeline_source& source, const template_context& context)
      : p_(p),
        source_(source),
        context_(context) {}

  void check() {
    for (const auto& agent : p_.agents)
      for (const auto& one : templates_of(agent, source_))
        check_variables(agent, one.key, parse(one.path, one.text));
    if (p_.score) {
      check_score("expected", p_.score->expected);
      check_score("setup", p_.score->setup);
    }
    if (!context_.can_plan)
      return;
    const auto mistyped =
        context_.fields ? std::vector<mistyped_variable>() : mistyped_variables(p_, source_, context_.kinds);
    auto expanded = p_;
    expand_earlier(expanded);
    std::set<std::string> free;
    for (const auto m : p_.modes) {
      const auto planned = make_plan(expanded, m, context_.kinds);
      check_mode(planned);
      free.insert(planned.fields.begin(), planned.fields.end());
    }
    check_ask(free, mistyped);
    for (const auto& one : mistyped)
      source_.warn_in(one.use.path, one.use.offset,
                      "{{" + one.use.name + "}} counts as a field of the records" +
                          (one.other ? ", as does " + shown(*one.other) : "") + did_you_mean(one.meant));
  }

private:
  /// A use of a field by its table and line.
  [[nodiscard]] std::string shown(const field_use& use) const {
    const auto line = source_.line_in(use.path, use.offset);
    return "{{" + use.name + "}} in [" + use.path.substr(0, use.path.rfind('.')) + "]" +
           (line ? ", line " + std::to_string(*line) : "");
  }

  /// Where a mode's lack of a prompt is told: at the prompt, or at the agent that has none.
  [[nodiscard]] std::string prompt_place(const agent_spec& agent) const {
    return agent.prompt.empty() ? "agent." + agent.name : source_.path_of(agent.name, "prompt");
  }

  prompt_template parse(const std::string& path, const std::string& text) {
    try {
      return prompt_template(text);
    } catch (const template_error& e) {
      source_.report_in(path, e.offset(), e.what());
      broken_.insert(path);
      return {};
    }
  }

  [[nodiscard]] bool is_broken(const agent_spec& agent, const std::string& key) const {
    return broken_.contains(source_.path_of(agent.name, key));
  }

  [[nodiscard]] bool is_field(const std::string& name) const {
    return context_.fields && context_.fields->contains(name);
  }

  [[nodiscard]] name_list field_names() const {
    return context_.fields ? name_list(context_.fields->begin(), context_.fields->end()) : name_list();
  }

  [[nodiscard]] name_list agent_names() const {
    name_list all;
    for (const auto& agent : p_.agents)
      all.push_back(agent.name);
    return all;
  }

  /// Every variable must be a field of the records or an agent that comes before.
  void check_variables(const agent_spec& agent, const std::string& key, const prompt_template& parsed) {
    const auto everyone = agent_names();
    const bool alone = key == "direct_prompt";
    const auto before = context_.can_plan ? p_.flow.ancestors(agent.name) : everyone;
    for (const auto& [name, offset] : parsed.places()) {
      const auto say = [&](const std::string& message) {
        source_.report_in(source_.path_of(agent.name, key), offset, message);
      };
      const auto variable = "{{" + name + "}}";
      if (name == earlier_variable) {
        check_earlier(agent, alone, before.empty(), say);
      } else if (p_.sweep && name == p_.sweep->repeat) {
        say("the sweep makes copies of \"" + name + "\", so " + variable +
            " is no one agent's text; {{earlier}} has the texts of all agents that come before");
      } else if (contains(before, name) && !alone) {
        if (is_field(name))
          say(variable + " is both a field of the input and an agent that comes before \"" + agent.name +
              "\"; rename one of them");
      } else if (is_field(name)) {
        continue;
      } else if (contains(everyone, name)) {
        say(alone ? variable + " has no text: in direct mode \"" + agent.name + "\" runs alone"
                  : variable + " has no text yet: \"" + name + "\" does not come before \"" + agent.name +
                        "\" in the flow");
      } else if (name != history_variable && context_.fields) {
        auto known = field_names();
        known.emplace_back(history_variable);
        if (!alone)
          known.insert(known.end(), before.begin(), before.end());
        say("nothing gives " + variable + ": no field of the input is called so, and no agent before \"" + agent.name +
            "\"" + name_hint(name, known));
      }
    }
  }

  /// {{earlier}} must have something to stand for, and mean one thing.
  template <class Say>
  void check_earlier(const agent_spec& agent, bool alone, bool first, const Say& say) {
    if (is_field(std::string(earlier_variable)))
      say("{{earlier}} is both a field of the input and the texts of all agents that come before; rename the field");
    else if (alone)
      say("{{earlier}} has no text: in direct mode \"" + agent.name + "\" runs alone");
    else if (first)
      say("{{earlier}} has no text: no agent comes before \"" + agent.name + "\"");
  }

  void check_score(const std::string& key, const std::string& text) {
    for (const auto& [name, offset] : parse("score." + key, text).places())
      if (context_.fields && !context_.ask && !is_field(name))
        source_.report_in("score." + key, offset,
                          "nothing gives {{" + name + "}}: no field of the input is called so" +
                              name_hint(name, field_names()));
  }

  void check_mode(const plan& planned) {
    for (const auto& agent : planned.agents) {
      const auto& spec = p_.agent(agent.name);
      if (agent.prompt.empty()) {
        if (is_shipped(spec.kind) && !source_.has({"agent", spec.name, "prompt"}) &&
            !source_.has({"defaults", "prompt"}))
          source_.report("agent." + spec.name, "the agent \"" + spec.name + "\" needs a prompt for " +
                                                   std::string(name_of(planned.mode)) + " mode");
        continue;
      }
      if (planned.mode == mode::direct)
        check_direct(spec, agent);
      else if (!is_broken(spec, std::string(name_of(agent.choice))))
        check_text_edges(spec, agent, planned);
      if (planned.mode == mode::latent)
        check_texts(spec, agent, planned);
    }
    if (const auto* output = planned.find(planned.output); output != nullptr && !output->makes_text)
      source_.report(source_.path_of(output->name, "kind"),
                     "the answering agent \"" + output->name +
                         "\" only thinks, so latent mode would have no answer; its kind "
                         "must be one that answers, such as generate");
  }

  /// An agent without text_prompt gets texts only through a prompt that names everyone who hands it one.
  void check_text_edges(const agent_spec& spec, const planned_agent& agent, const plan& planned) {
    if (agent.choice != prompt_choice::prompt)
      return;
    const auto named = prompt_template(agent.prompt).variables();
    name_list lacking;
    for (const auto& edge : planned.edges)
      if (edge.to == agent.name && edge.how == hand_over::text && !named.contains(edge.from))
        lacking.push_back(edge.from);
    if (lacking.empty())
      return;
    const auto reason = planned.mode == mode::text ? "in text mode \"" + agent.name + "\" reads what comes before"
                                                   : "\"" + agent.name +
                                                         "\" runs on another model than what comes before, so "
                                                         "that hop falls back to text";
    source_.report(prompt_place(spec), reason + ": it needs a text_prompt, or a prompt that names " + braced(lacking));
  }

  void check_direct(const agent_spec& spec, const planned_agent& agent) {
    const auto everyone = agent_names();
    for (const std::string key : {"prompt", "system"}) {
      if ((key == "prompt" && agent.choice != prompt_choice::prompt) || is_broken(spec, key))
        continue;
      for (const auto& [name, offset] : prompt_template(key == "prompt" ? spec.prompt : spec.system).places())
        if (name == earlier_variable || (contains(everyone, name) && !is_field(name)))
          source_.report_in(source_.path_of(spec.name, key), offset,
                            "{{" + name + "}} has no text in direct mode, where \"" + spec.name + "\" runs alone: " +
                                (key == "prompt" ? "it needs a direct_prompt" : "leave it out of the system text"));
    }
  }

  /// The variables of a template as it is written, with all agents that {{earlier}} stands for in its place.
  [[nodiscard]] std::vector<prompt_template::variable_place> agents_named(const agent_spec& spec,
                                                                          const std::string& key) const {
    std::vector<prompt_template::variable_place> named;
    for (const auto& one : templates_of(spec, source_)) {
      if (one.key != key)
        continue;
      for (const auto& place : prompt_template(one.text).places()) {
        if (place.name != earlier_variable)
          named.push_back(place);
        else
          for (const auto& before : p_.flow.ancestors(spec.name))
            named.push_back({before, place.offset});
      }
    }
    return named;
  }

  /// In latent mode only those who answer have a text.
  void check_texts(const agent_spec& spec, const planned_agent& agent, const plan& planned) {
    for (const auto& key : {std::string(name_of(agent.choice)), std::string("system")}) {
      if (is_broken(spec, key))
        continue;
      for (const auto& [name, offset] : agents_named(spec, key)) {
        const auto* before = contains(agent.texts, name) ? planned.find(name) : nullptr;
        if (before != nullptr && !before->makes_text)
          source_.report_in(source_.path_of(spec.name, key), offset,
                            "{{" + name + "}} has no text in latent mode: \"" + name +
                                "\" only thinks and hands on its context; " +
                                (key == "system" ? "leave it out" : "name it in text_prompt instead"));
      }
    }
  }

  /// Finds the field that the question fills, or says why it cannot be known.
  void check_ask(const std::set<std::string>& free, const std::vector<mistyped_variable>& mistyped) {
    const name_list open(free.begin(), free.end());
    if (p_.input.ask) {
      if (!free.contains(*p_.input.ask))
        source_.report("input.ask", "no template names {{" + *p_.input.ask + "}}, so a question would reach nobody" +
                                        name_hint(*p_.input.ask, open));
      return;
    }
    if (!context_.ask)
      return;
    if (open.size() == 1)
      p_.input.ask = open.front();
    else if (open.empty())
      source_.report({"--ask", 0, 0, "no prompt names a variable that the question could fill"});
    else if (!report_mistyped(free, mistyped))
      source_.report({"--ask", 0, 0,
                      "one question fills one variable, and the prompts name several (" + braced(open) +
                          "); give records that have them all: --input FILE"});
  }

  /// Of the fields that a question can't all fill, those that look like slips are mistakes; false where that leaves
  /// several.
  bool report_mistyped(std::set<std::string> fields, const std::vector<mistyped_variable>& mistyped) {
    for (const auto& one : mistyped)
      fields.erase(one.use.name);
    if (fields.size() != 1)
      return false;
    for (const auto& one : mistyped)
      source_.report_in(one.use.path, one.use.offset,
                        "nothing gives {{" + one.use.name + "}}: the question fills {{" + *fields.begin() + "}}" +
                            did_you_mean(one.meant));
    return true;
  }

  pipeline& p_;
  pipeline_source& source_;
  const template_context& context_;
  std::set<std::string> broken_; ///< Paths of templates that do not parse.
};

} // namespace

void check_templates(pipeline& p, pipeline_source& source, const template_context& context) {
  template_checker(p, source, context).check();
}

} // namespace avp
