// Fetching models of the hub by name, from a server in this process, with everything that goes wrong.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch_hub.hpp"
#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/model/part_file.hpp"
#include "tests/gpu/environment_variable.hpp"
#include "tests/gpu/model/hub_server.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"
#include "transport/sha256.hpp"

namespace {

namespace fs = std::filesystem;
using avp::model_error;
using avp::test::environment_variable;
using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const model_error& error) {
    return error.what();
  }
  return "(no error)";
}

/// A repository as the hub has it: safetensors in two files, and GGUF files.
class fetch_hub : public testing::Test {
protected:
  fetch_hub() {
    files_["config.json"] = avp::test::tiny_config("llama").dump();
    files_["tokenizer.json"] = avp::test::tiny_tokenizer_json().dump();
    files_["additional_chat_templates/tool_use.jinja"] = "{{ messages }}";
    files_["README.md"] = "not fetched";
    files_["pytorch_model.bin"] = "not fetched";
    const auto tensors = avp::test::tiny_tensors("llama");
    std::map<std::string, avp::test::gguf_writer::tensor> halves[2];
    json weight_map;
    for (const auto& [name, tensor] : tensors) {
      const auto half = halves[0].size() <= halves[1].size() ? 0 : 1;
      halves[half][name] = tensor;
      weight_map[name] = "model-0000" + std::to_string(half + 1) + "-of-00002.safetensors";
    }
    for (const auto half : {0, 1})
      put_large("model-0000" + std::to_string(half + 1) + "-of-00002.safetensors",
                avp::test::safetensors_bytes(halves[half]));
    files_["model.safetensors.index.json"] = json{{"weight_map", weight_map}}.dump();
    put_large("quants/tiny-Q8_0.gguf", avp::test::tiny_gguf("qwen2").bytes());
    hub_.answer(".*",
                [this](const httplib::Request& request, httplib::Response& response) { serve(request, response); });
  }

  void put_large(const std::string& path, const std::string& content) {
    files_[path] = content;
    large_.insert(path);
  }

  void serve(const httplib::Request& request, httplib::Response& response) {
    if (refuses_) {
      response.status = *refuses_;
      response.set_header("X-Error-Message", "in the hub's own words");
      return;
    }
    if (const std::string tree = "/api/models/Org/Tiny/tree/main"; request.path == tree) {
      // Pages of three entries, to be put together.
      const auto first = request.has_param("cursor") ? std::stoul(request.get_param_value("cursor")) : 0;
      const auto all = listing();
      response.set_content(
          json(std::vector<json>(all.begin() + first, all.begin() + std::min(first + 3, all.size()))).dump(),
          "application/json");
      if (first + 3 < all.size())
        response.set_header("Link", "<https://huggingface.co" + tree +
                                        "?recursive=true&cursor=" + std::to_string(first + 3) + ">; rel=\"next\"");
      return;
    }
    const std::string resolve = "/Org/Tiny/resolve/main/";
    if (request.path.starts_with(resolve))
      if (const auto file = files_.find(request.path.substr(resolve.size())); file != files_.end()) {
        if (!leads_to_.empty()) {
          response.set_redirect(leads_to_ + "/" + file->first);
          return;
        }
        const auto altered = altered_.find(file->first);
        response.set_content(altered == altered_.end() ? file->second : altered->second, "application/octet-stream");
        return;
      }
    response.status = 404;
  }

  std::vector<json> listing() {
    std::vector<json> entries{{{"type", "directory"}, {"oid", std::string(40, '0')}, {"size", 0}, {"path", "quants"}}};
    for (const auto& [path, content] : files_) {
      json entry{{"type", "file"}, {"path", path}, {"size", content.size()}};
      const auto file = folder_.write("blob", content);
      entry["oid"] = avp::git_blob_of(avp::mapped_file(file));
      if (large_.contains(path)) {
        entry["oid"] = std::string(40, 'a'); // of the pointer
        entry["lfs"] = {{"oid", avp::sha256_hex(content)}, {"size", content.size()}, {"pointerSize", 130}};
      }
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  fs::path get(const std::string& name = "hf:Org/Tiny") {
    notes_.clear();
    return avp::fetch_hub_model(name, models(),
                                {[this](const std::string& line) { notes_.push_back(line); },
                                 [this](std::uint64_t done, std::uint64_t total) {
                                   EXPECT_LE(done, total);
                                   done_ = done;
                                 }});
  }

  std::string error(const std::string& name = "hf:Org/Tiny") {
    return error_of([&] { (void)get(name); });
  }

  [[nodiscard]] fs::path models() const { return folder_.path() / "models"; }
  [[nodiscard]] fs::path here() const { return models() / "hf/Org/Tiny@main"; }
  [[nodiscard]] std::string read(const std::string& name) const {
    return folder_.text(fs::path("models/hf/Org/Tiny@main") / name);
  }
  void write(const std::string& name, const std::string& content) const {
    folder_.write(fs::path("models/hf/Org/Tiny@main") / name, content);
  }

  /// What was asked for since the last call, without the listing.
  std::vector<std::string> asked() {
    auto all = hub_.targets();
    std::vector<std::string> files;
    for (std::size_t i = seen_; i < all.size(); ++i)
      if (all[i].find("/resolve/") != std::string::npos)
        files.push_back(all[i].substr(all[i].find("/main/") + 6));
    seen_ = all.size();
    return files;
  }

  avp::test::temporary_folder folder_;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> altered_; ///< What comes in place of some files.
  std::set<std::string> large_;
  std::optional<int> refuses_;
  std::string leads_to_; ///< A server that has the files in its place.
  avp::test::hub_server hub_;
  environment_variable hub_variable_{"AVP_HUB", ""};
  environment_variable endpoint_{"HF_ENDPOINT", hub_.url() + "/"};
  environment_variable token_{"HF_TOKEN", ""};
  environment_variable folder_variable_{"AVP_MODELS", models().string()};
  environment_variable direct_{"no_proxy", "127.0.0.1,localhost"};
  std::vector<std::string> notes_;
  std::uint64_t done_ = 0;
  std::size_t seen_ = 0;
};

TEST_F(fetch_hub, takes_what_a_model_is_made_of) {
  EXPECT_EQ(get(), here());
  EXPECT_THAT(asked(),
              testing::UnorderedElementsAre("config.json", "tokenizer.json", "model.safetensors.index.json",
                                            "additional_chat_templates/tool_use.jinja",
                                            "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"));
  for (const auto& file : avp::hub_files_of(here()))
    EXPECT_EQ(read(file.path), files_.at(file.path));
  EXPECT_EQ(avp::resolve_model("hf:Org/Tiny"), here());
  const auto model = avp::open_model(here());
  EXPECT_EQ(model.files.size(), 2);
  EXPECT_EQ(model.tensors.size(), avp::test::tiny_tensors("llama").size());
  for (const auto& entry : fs::recursive_directory_iterator(models()))
    EXPECT_NE(entry.path().extension(), ".part") << entry.path();
}

TEST_F(fetch_hub, takes_one_file_of_weights_where_there_is_one) {
  put_large("model.safetensors", avp::test::safetensors_bytes(avp::test::tiny_tensors("llama")));
  EXPECT_EQ(get(), here());
  EXPECT_THAT(asked(), AllOf(Contains("model.safetensors"), Not(Contains(HasSubstr("-of-")))));
  EXPECT_EQ(avp::open_model(here()).files.size(), 1);
}

TEST_F(fetch_hub, takes_the_gguf_file_that_is_named) {
  EXPECT_EQ(get("hf:Org/Tiny/quants/tiny-Q8_0.gguf"), here() / "quants/tiny-Q8_0.gguf");
  EXPECT_THAT(asked(), testing::ElementsAre("quants/tiny-Q8_0.gguf"));
  EXPECT_EQ(avp::resolve_model("hf:Org/Tiny/quants/tiny-Q8_0.gguf"), here() / "quants/tiny-Q8_0.gguf");
  EXPECT_EQ(avp::open_model(here() / "quants/tiny-Q8_0.gguf").config.family, "qwen2");
  EXPECT_THAT(error("hf:Org/Tiny/quants/tiny-Q4_0.gguf"),
              HasSubstr("the repository has no file quants/tiny-Q4_0.gguf; did you mean \"quants/tiny-Q8_0.gguf\"?"));
}

TEST_F(fetch_hub, takes_all_parts_of_a_split_gguf) {
  for (const auto* part : {"big-00001-of-00003.gguf", "big-00002-of-00003.gguf", "big-00003-of-00003.gguf"})
    put_large(part, std::string("GGUF of ") + part);
  EXPECT_EQ(get("hf:Org/Tiny/big-00002-of-00003.gguf"), here() / "big-00002-of-00003.gguf");
  EXPECT_EQ(asked().size(), 3);
  EXPECT_EQ(read("big-00003-of-00003.gguf"), "GGUF of big-00003-of-00003.gguf");
  files_.erase("big-00003-of-00003.gguf");
  EXPECT_THAT(error("hf:Org/Tiny/big-00001-of-00003.gguf"), HasSubstr("has no file big-00003-of-00003.gguf"));
}

TEST_F(fetch_hub, both_kinds_of_a_repository_lie_beside_each_other) {
  put_large("tiny.gguf", avp::test::tiny_gguf("qwen2").bytes());
  (void)get("hf:Org/Tiny/tiny.gguf");
  (void)get();
  EXPECT_TRUE(avp::hub_model_is_here(models(), "hf:Org/Tiny"));
  EXPECT_TRUE(avp::hub_model_is_here(models(), "hf:Org/Tiny/tiny.gguf"));
  EXPECT_FALSE(avp::hub_model_is_here(models(), "hf:Org/Tiny/other.gguf"));
}

TEST_F(fetch_hub, goes_on_where_an_earlier_one_was_interrupted) {
  const auto shard = "model-00002-of-00002.safetensors";
  write(std::string(shard) + ".part", files_.at(shard).substr(0, 1000));
  (void)get();
  EXPECT_THAT(hub_.ranges(), Contains("bytes=1000-"));
  EXPECT_EQ(read(shard), files_.at(shard));
}

TEST_F(fetch_hub, starts_anew_where_what_was_left_is_of_another_file) {
  const auto shard = "model-00002-of-00002.safetensors";
  write(std::string(shard) + ".part", std::string(1000, 'x'));
  (void)get();
  EXPECT_EQ(read(shard), files_.at(shard));
  EXPECT_THAT(notes_, Contains(HasSubstr("starting anew")));
}

TEST_F(fetch_hub, takes_only_what_changed) {
  (void)get();
  (void)asked();
  (void)get();
  EXPECT_THAT(asked(), IsEmpty());
  files_["config.json"] = files_["config.json"] + " ";
  files_.erase("additional_chat_templates/tool_use.jinja");
  (void)get();
  EXPECT_THAT(asked(), testing::ElementsAre("config.json"));
  EXPECT_FALSE(fs::exists(here() / "additional_chat_templates/tool_use.jinja")) << "the repository has it no longer";
}

TEST_F(fetch_hub, an_interrupted_change_leaves_what_was_there) {
  (void)get();
  const auto before = read("model-00001-of-00002.safetensors");
  auto other = before;
  other.back() ^= 1;
  files_["config.json"] += " ";
  put_large("model-00001-of-00002.safetensors", other);
  altered_["model-00001-of-00002.safetensors"] = "short";
  EXPECT_THAT(error(), HasSubstr("model-00001-of-00002.safetensors: it has 5 bytes where"));
  EXPECT_EQ(read("model-00001-of-00002.safetensors"), before);
  (void)avp::open_model(here());
  altered_.clear();
  (void)get();
  EXPECT_EQ(read("model-00001-of-00002.safetensors"), other);
}

TEST_F(fetch_hub, a_wrong_sum_is_refused) {
  auto small = files_["config.json"];
  small[5] ^= 1;
  altered_["config.json"] = small;
  EXPECT_THAT(error(), AllOf(HasSubstr("config.json: what came has not the sum that the hub says, git blob "),
                             HasSubstr("hf:Org/Tiny")));
  altered_.clear();
  auto large = files_["model-00001-of-00002.safetensors"];
  large.back() ^= 1;
  altered_["model-00001-of-00002.safetensors"] = large;
  EXPECT_THAT(error(),
              HasSubstr("model-00001-of-00002.safetensors: what came has not the sum that the hub says, SHA-256 " +
                        avp::sha256_hex(files_["model-00001-of-00002.safetensors"])));
  EXPECT_FALSE(fs::exists(here() / "hub.json"));
  EXPECT_FALSE(avp::hub_model_is_here(models(), "hf:Org/Tiny"));
}

TEST_F(fetch_hub, altered_and_truncated_files_are_found) {
  (void)get();
  const std::string shard = "model-00001-of-00002.safetensors";
  auto altered = files_[shard];
  altered.back() ^= 1;
  write(shard, altered);
  EXPECT_THAT(error_of([&] { (void)avp::open_model(here()); }),
              HasSubstr(shard + ": has the SHA-256 " + avp::sha256_hex(altered) + " where the hub has " +
                        avp::sha256_hex(files_[shard]) + ", so it is truncated or altered; get it anew"));
  write(shard, altered.substr(0, 100));
  EXPECT_THAT(error_of([&] { (void)avp::open_model(here()); }),
              HasSubstr(shard + ": has 100 bytes where the hub has " + std::to_string(altered.size())));
  (void)get();
  EXPECT_EQ(read(shard), files_[shard]);
  auto tokens = files_["tokenizer.json"];
  tokens.replace(tokens.find("false"), 5, "true ");
  write("tokenizer.json", tokens);
  EXPECT_THAT(avp::hub_mistakes(here()), testing::ElementsAre(HasSubstr("tokenizer.json: has the git blob ")));
  EXPECT_THAT(error_of([&] { (void)avp::open_model(here()); }), HasSubstr("tokenizer.json: has the git blob "));
  fs::remove(here() / "config.json");
  EXPECT_THAT(error_of([&] { (void)avp::resolve_model("hf:Org/Tiny"); }),
              HasSubstr("is not on this machine (" + here().string() + "); get it with: avp-model fetch hf:Org/Tiny"));
}

TEST_F(fetch_hub, works_without_the_hub_where_the_files_are_there) {
  (void)get();
  const environment_variable nowhere("HF_ENDPOINT", "http://127.0.0.1:9");
  EXPECT_EQ(get(), here());
  EXPECT_THAT(notes_, Contains(AllOf(HasSubstr("the hub can't be asked"), HasSubstr("what is here is whole"))));
  write("config.json", "{}");
  EXPECT_THAT(error(), HasSubstr("model \"hf:Org/Tiny\" can't be fetched from http://127.0.0.1:9: "));
}

TEST_F(fetch_hub, refusals_of_the_hub_say_what_to_do) {
  for (const auto& [status, with_token, words] : std::vector<std::tuple<int, bool, std::string>>{
           {401, false, "set HF_TOKEN"},
           {401, true, "it does not take the token in HF_TOKEN"},
           {403, false, "accept the model's terms on its page and set HF_TOKEN"},
           {403, true, "the token in HF_TOKEN may not read this"},
           {404, true, "no such repository, revision or file"},
           {429, true, "too many requests"},
           {503, true, "503"}}) {
    const environment_variable token("HF_TOKEN", with_token ? "hf_secret" : "");
    refuses_ = status;
    EXPECT_THAT(error(), AllOf(HasSubstr("model \"hf:Org/Tiny\" can't be fetched from " + hub_.url()), HasSubstr(words),
                               HasSubstr(std::to_string(status)), HasSubstr("in the hub's own words"),
                               Not(HasSubstr("hf_secret"))));
  }
  EXPECT_FALSE(fs::exists(models())) << "nothing came, so nothing is made";
}

TEST_F(fetch_hub, the_token_goes_to_the_hub_alone) {
  avp::test::hub_server elsewhere;
  elsewhere.answer(".*", [this](const httplib::Request& request, httplib::Response& response) {
    response.set_content(files_.at(request.path.substr(1)), "application/octet-stream");
  });
  // Another port is another host only for newer libcurls, another name is for all.
  const auto cdn = "http://localhost" + elsewhere.url().substr(elsewhere.url().rfind(':'));
  leads_to_ = cdn;
  const environment_variable token("HF_TOKEN", "hf_secret\n");
  (void)get("hf:Org/Tiny/quants/tiny-Q8_0.gguf");
  EXPECT_THAT(hub_.authorizations(), Each("Bearer hf_secret"));
  EXPECT_THAT(elsewhere.authorizations(), testing::ElementsAre(""));
  const environment_variable bad("HF_TOKEN", "two words");
  EXPECT_THAT(error(), HasSubstr("HF_TOKEN has a character that no token has"));
}

TEST_F(fetch_hub, repositories_without_such_a_model_are_refused_before_anything_comes) {
  files_.erase("config.json");
  EXPECT_THAT(error(),
              AllOf(HasSubstr("the repository has no config.json"),
                    HasSubstr("name one of its GGUF files behind that of the repository: quants/tiny-Q8_0.gguf")));
  files_["config.json"] = "{}";
  files_.erase("tokenizer.json");
  EXPECT_THAT(error(), HasSubstr("has neither tokenizer.json nor tokenizer.model"));
  files_["tokenizer.json"] = "{}";
  files_.erase("model.safetensors.index.json");
  EXPECT_THAT(error(), HasSubstr("has neither model.safetensors nor model.safetensors.index.json"));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(fetch_hub, a_model_that_cannot_run_is_refused_before_its_weights_come) {
  files_["config.json"] = avp::test::tiny_config("mamba").dump();
  EXPECT_THAT(error(), HasSubstr("config.json: \"model_type\" is \"mamba\"; these are supported"));
  EXPECT_THAT(asked(), Not(Contains(testing::EndsWith(".safetensors"))));
  EXPECT_FALSE(fs::exists(here() / "config.json"));
}

TEST_F(fetch_hub, an_index_cannot_lead_out_of_the_repository) {
  files_["model.safetensors.index.json"] = R"({"weight_map": {"a": "../../x.safetensors"}})";
  EXPECT_THAT(error(), HasSubstr("where a file name was expected"));
  files_["model.safetensors.index.json"] = R"({"weight_map": {"a": "x.safetensors"}})";
  EXPECT_THAT(error(), HasSubstr("the repository has no file x.safetensors"));
}

TEST_F(fetch_hub, a_listing_that_is_none_is_said) {
  avp::test::hub_server broken;
  std::string body = "<html>";
  broken.answer(".*", [&](const httplib::Request&, httplib::Response& response) { response.set_content(body, "a/b"); });
  const environment_variable there("HF_ENDPOINT", broken.url());
  EXPECT_THAT(error(), HasSubstr("its list of files can't be read"));
  body = R"([{"type": "file", "path": "config.json", "size": -1, "oid": "0"}])";
  EXPECT_THAT(error(), HasSubstr("has the sum \"0\", expected 40 hexadecimal digits"));
}

TEST_F(fetch_hub, only_one_at_a_time) {
  write("config.json", "");
  const avp::part_file held(here() / "hub.json.part");
  EXPECT_THAT(error(), HasSubstr("another process is fetching this model right now"));
}

TEST(hub_name, has_parts) {
  const auto whole = avp::parse_hub_name("hf:Org/My-Model_2.5");
  EXPECT_EQ(whole.repository, "Org/My-Model_2.5");
  EXPECT_EQ(whole.revision, "main");
  EXPECT_EQ(whole.file, "");
  const auto file = avp::parse_hub_name("hf:Org/Model/a b/c.gguf@refs/pr/1");
  EXPECT_EQ(file.repository, "Org/Model");
  EXPECT_EQ(file.revision, "refs/pr/1");
  EXPECT_EQ(file.file, "a b/c.gguf");
  EXPECT_EQ(avp::hub_path("/m", file), "/m/hf/Org/Model@refs%2Fpr%2F1/a b/c.gguf");
  EXPECT_TRUE(avp::is_hub_name("hf:"));
  EXPECT_FALSE(avp::is_hub_name("hf/x"));
}

TEST(hub_name, of_another_form_is_refused) {
  EXPECT_EQ(avp::parse_hub_name("hf:Org/Model/").file, "") << "a slash at the end is harmless";
  for (const auto* name : {"hf:", "hf:Org", "hf:/Model", "hf:Org/", "hf://Org/Model", "hf:../Model",
                           "hf:Org/Model/../x.gguf", "hf:Org/Model/x.safetensors", "hf:Org/Model@", "hf:Org/a b",
                           "hf:Org/Model@main/x.gguf", "hf:Org/Model/a//x.gguf", "hf:Org/Model@.."})
    EXPECT_THAT(error_of([&] { (void)avp::parse_hub_name(name); }),
                AllOf(HasSubstr("model \"" + std::string(name) + "\": "), HasSubstr("expected hf:OWNER/NAME")));
}

TEST(hub_manifest, names_small_files_as_git_does) {
  const avp::test::temporary_folder folder;
  const auto file = folder.write("hello", "hello\n"); // echo hello | git hash-object --stdin
  EXPECT_EQ(avp::git_blob_of(avp::mapped_file(file)), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(hub_manifest, that_is_damaged_is_said) {
  const avp::test::temporary_folder folder;
  folder.write("hub.json", "{");
  EXPECT_THAT(error_of([&] { (void)avp::read_hub_manifest(folder.path()); }), HasSubstr("hub.json: is damaged"));
}

} // namespace
