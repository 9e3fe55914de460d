// Whether the options of agents are what their kinds expect.
#include <algorithm>
#include <limits>

#include "agents/prompt_template.hpp"
#include "agents/text/text_pattern.hpp"
#include "runtime/pipeline/pipeline_check.hpp"
#include "runtime/pipeline/table_reader.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

using name_list = std::vector<std::string>;

/// The options of one agent.
class option_checker {
public:
  option_checker(const agent_spec& agent, const pipeline& p, pipeline_source& source, const template_context& context)
      : agent_(agent),
        p_(p),
        source_(source),
        context_(context),
        path_("agent." + agent.name + ".options"),
        table_(source, source.root()["agent"][agent.name]["options"].as_table(), path_) {}

  void check(const kind_info& kind) {
    const auto before = source_.mistake_count();
    for (const auto& option : *kind.options)
      check(option);
    table_.finish();
    if (source_.mistake_count() != before)
      return;
    if (const auto wrong = kind.check ? kind.check(agent_.options) : ""; !wrong.empty())
      source_.report(path_, wrong);
    else if (picks_)
      check_all_picked();
  }

private:
  void check(const option_info& option) {
    constexpr auto most = std::numeric_limits<int>::max();
    switch (option.type) {
    case option_type::whole:
      (void)table_.whole(option.name, option.least, most);
      break;
    case option_type::number:
      (void)table_.number(option.name, "a number, 0 or more", [](double value) { return value >= 0; });
      break;
    case option_type::word:
      (void)table_.word(option.name, option.words);
      break;
    case option_type::prompt:
      check_prompt(option);
      break;
    case option_type::pattern:
      check_pattern(option);
      break;
    case option_type::successor:
      check_successors(table_, option.name);
      break;
    case option_type::successor_map:
      if (const auto* words = table_.table(option.name))
        check_map(*words, key_path(path_, option.name));
      break;
    }
  }

  void check_pattern(const option_info& option) {
    try {
      if (const auto pattern = table_.text(option.name))
        (void)text_pattern(*pattern);
    } catch (const pattern_error& e) {
      source_.report_in(key_path(path_, option.name), e.offset(), e.what());
    }
  }

  void check_prompt(const option_info& option) {
    const auto text = table_.text(option.name);
    const auto path = key_path(path_, option.name);
    try {
      for (const auto& [name, offset] : prompt_template(text.value_or("")).places())
        if (!contains(option.variables, name) && !is_field(name))
          source_.report_in(path, offset, unknown_variable(name, option));
    } catch (const template_error& e) {
      source_.report_in(path, e.offset(), e.what());
    }
  }

  /// Where nobody knows the fields, everything but an agent's name may be one.
  [[nodiscard]] bool is_field(const std::string& name) const {
    if (context_.fields)
      return context_.fields->contains(name);
    return std::none_of(p_.agents.begin(), p_.agents.end(),
                        [&](const agent_spec& agent) { return agent.name == name; });
  }

  [[nodiscard]] std::string unknown_variable(const std::string& name, const option_info& option) const {
    auto known = option.variables;
    if (context_.fields)
      known.insert(known.end(), context_.fields->begin(), context_.fields->end());
    return "nothing gives {{" + name + "}}: the option \"" + option.name + "\" can name fields of the input" +
           (option.variables.empty() ? "" : " and what the kind " + agent_.kind + " gives") + name_hint(name, known);
  }

  void check_map(const toml::table& words, const std::string& path) {
    table_reader reader(source_, &words, path);
    if (words.empty())
      source_.report(path, "the table has no words; expected such as { yes = \"agent\", no = \"another\" }");
    for (const auto& [word, value] : words)
      check_successors(reader, std::string(word.str()));
  }

  void check_successors(table_reader& from, const std::string& key) {
    picks_ = true;
    const auto successors = p_.flow.successors(agent_.name);
    for (const auto& name : from.one_or_more(key).value_or(name_list())) {
      picked_.push_back(name);
      if (context_.can_plan && !contains(successors, name))
        source_.report(key_path(from.path(), key), "\"" + agent_.name + "\" does not hand over to \"" + name +
                                                       "\" in the flow" + name_hint(name, successors));
    }
  }

  void check_all_picked() {
    for (const auto& name : p_.flow.successors(agent_.name))
      if (!contains(picked_, name))
        source_.report(path_, "the flow hands over from \"" + agent_.name + "\" to \"" + name +
                                  "\", but no option picks it, so it would never run");
  }

  const agent_spec& agent_;
  const pipeline& p_;
  pipeline_source& source_;
  const template_context& context_;
  std::string path_;
  table_reader table_;
  bool picks_ = false; // whether the kind picks successors
  name_list picked_;
};

} // namespace

void check_options(const pipeline& p, pipeline_source& source, const template_context& context) {
  for (const auto& agent : p.agents)
    for (const auto& kind : context.kinds)
      if (kind.name == agent.kind && kind.options)
        option_checker(agent, p, source, context).check(kind);
}

} // namespace avp
