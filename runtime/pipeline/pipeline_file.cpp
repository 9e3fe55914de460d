// Loading a pipeline file: everything is checked, and all mistakes are reported at once.
#include "runtime/pipeline/pipeline_file.hpp"

#include <fstream>
#include <sstream>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/chat_template.hpp"
#include "gpu/text/template_file.hpp"
#include "runtime/pipeline/earlier_texts.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/pipeline/pipeline_check.hpp"
#include "runtime/pipeline/pipeline_source.hpp"
#include "runtime/pipeline/pipeline_tables.hpp"
#include "runtime/pipeline/sweep_check.hpp"

namespace avp {
namespace {

namespace fs = std::filesystem;

/// Puts the command line's input in place of the file's; paths are then as seen from the working folder.
void choose_input(pipeline& p, pipeline_source& source, const fs::path& file, const load_options& options) {
  if (options.limit == std::size_t{0})
    source.report({"--limit", 0, 0, "expected a whole number, 1 or more"});
  if (options.limit)
    p.input.limit = options.limit;
  if (options.ask)
    p.input.file.reset();
  else if (options.input)
    p.input.file = *options.input;
  else if (p.input.file && p.input.file != "-")
    p.input.file = (file.parent_path() / *p.input.file).lexically_normal();
}

/// A model that lies beside the pipeline file is found from everywhere.
void find_models_beside(pipeline& p, const fs::path& file) {
  for (auto& model : p.models) {
    const auto beside = file.parent_path() / model.source;
    std::error_code ignored;
    if (fs::path(model.source).is_relative() && !find_in_catalogue(model.source) && fs::exists(beside, ignored))
      model.source = beside.lexically_normal().string();
  }
}

/// A chat template of the user's own lies beside the pipeline file, and is taken in whole: other machines have it not.
void read_chat_templates(pipeline& p, pipeline_source& source, const fs::path& file) {
  for (auto& model : p.models) {
    const auto named = template_path(model.chat_template);
    if (named.empty())
      continue;
    const auto path = (file.parent_path() / named).lexically_normal();
    model.chat_template = "file:" + path.string();
    try {
      model.template_text = read_template_file(path);
      check_template_file({model.chat_template, model.template_text});
    } catch (const model_error& error) {
      source.report(key_path("model." + model.name, "chat_template"), error.what());
    }
  }
}

/// Reads the input file through; gives the fields that templates can name, where they are known.
std::optional<std::set<std::string>> look_through_input(pipeline& p, pipeline_source& source,
                                                        const load_options& options) {
  if (options.ask)
    return p.input.ask ? std::optional(std::set{*p.input.ask}) : std::nullopt;
  if (!p.input.file || p.input.file == "-")
    return {};
  const auto shown = p.input.file->string();
  auto summary = scan_input(*p.input.file, shown, p.input.id, p.input.limit);
  for (auto& m : summary.mistakes) {
    if (m.line != 0)
      source.report(std::move(m));
    else if (options.input)
      source.report({"--input " + shown, 0, 0, std::move(m.message)});
    else
      source.report("input.file", m.message + " (" + shown + ")");
  }
  p.input.records = summary.records;
  return summary.records == 0 ? std::nullopt : std::optional(std::move(summary.fields));
}

} // namespace

load_result load_pipeline(std::string_view text, const fs::path& file, const load_options& options) {
  pipeline_source source(text, file.string(), options.overrides);
  if (!source.parsed())
    return {std::nullopt, source.sorted_mistakes(), {}};
  auto p = read_tables(source, options.kinds);
  p.source = source.text();
  if (p.name.empty())
    p.name = file.stem().string();
  if (options.modes)
    p.modes = *options.modes;
  choose_input(p, source, file, options);
  find_models_beside(p, file);
  read_chat_templates(p, source, file);
  if (p.node_rules.keys)
    p.node_rules.keys = (file.parent_path() / *p.node_rules.keys).lexically_normal();
  template_context context{.ask = options.ask, .kinds = options.kinds};
  context.can_plan = check_structure(p, source);
  context.fields = look_through_input(p, source, options);
  check_options(p, source, context);
  check_sweep(p, source, options, context.fields);
  check_templates(p, source, context);
  auto mistakes = source.sorted_mistakes();
  if (!mistakes.empty())
    return {std::nullopt, std::move(mistakes), {}};
  if (!p.sweep) // each point of a sweep has earlier agents of its own
    expand_earlier(p);
  return {std::move(p), {}, source.sorted_warnings()};
}

load_result load_pipeline_file(const fs::path& file, const load_options& options) {
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file, error))
    return {std::nullopt,
            {{file.string(), 0, 0,
              in ? "a pipeline is a file, and this is a folder" : "cannot read the pipeline file; is the path right?"}},
            {}};
  std::ostringstream text;
  text << in.rdbuf();
  return load_pipeline(text.str(), file, options);
}

} // namespace avp
