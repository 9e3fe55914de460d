// Hashes, identities, resolution, sessions and fallback messages.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/transport/message_fixtures.hpp"
#include "transport/handshake/hash.hpp"
#include "transport/handshake/hello.hpp"
#include "transport/handshake/json_message.hpp"
#include "transport/handshake/json_text.hpp"
#include "transport/handshake/resolution.hpp"
#include "transport/handshake/session.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;

std::string python(std::string_view text) { return python_json(*parse_json(text, "test")); }

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

model_identity sample(const std::string& hash = "aa") {
  model_identity identity;
  identity.model_family = "llama";
  identity.model_hash = hash;
  identity.hidden_dim = 8;
  identity.num_layers = 2;
  return identity;
}

class words final : public token_list {
public:
  explicit words(int first, int last) {
    for (int i = first; i < last; ++i)
      tokens_.insert("t" + std::to_string(i));
  }
  [[nodiscard]] std::size_t size() const override { return tokens_.size(); }
  [[nodiscard]] bool contains(std::string_view token) const override { return tokens_.contains(std::string(token)); }
  void for_each(const std::function<void(std::string_view)>& visit) const override {
    for (const auto& token : tokens_)
      visit(token);
  }

private:
  std::set<std::string> tokens_;
};

TEST(hash, fixtures) {
  const auto file = test::read_json("handshake.json");
  for (const auto& c : file.at("tokenizer_hash"))
    EXPECT_EQ(tokenizer_hash(c.at("vocab").dump()), c.at("sha256").get<std::string>());
  for (const auto& c : file.at("model_hash"))
    EXPECT_EQ(model_hash(c.at("config").dump()), c.at("sha256").get<std::string>());
  EXPECT_EQ(tokenizer_hash(std::map<std::string, std::int64_t>{{"a", 0}, {"b", 1}}),
            "d961c692d55a5398569b91f00bbd703f26629ff3e0fa4f491a3d675559f931f0");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(hash, numbers_are_written_as_python_writes_them) {
  // Right-hand sides by Python 3.11: json.dumps(json.loads(left)).
  const std::vector<std::pair<std::string, std::string>> cases{{"1e-05", "1e-05"},
                                                               {"0.00001", "1e-05"},
                                                               {"0.0001", "0.0001"},
                                                               {"1e15", "1000000000000000.0"},
                                                               {"1e16", "1e+16"},
                                                               {"123456789012345680.0", "1.2345678901234568e+17"},
                                                               {"9007199254740993", "9007199254740993"},
                                                               {"18446744073709551615", "18446744073709551615"},
                                                               {"-9223372036854775808", "-9223372036854775808"},
                                                               {"0.1", "0.1"},
                                                               {"1.0", "1.0"},
                                                               {"-0.0", "-0.0"},
                                                               {"0.0", "0.0"},
                                                               {"5e-324", "5e-324"},
                                                               {"1.7976931348623157e308", "1.7976931348623157e+308"},
                                                               {"2.5E+2", "250.0"},
                                                               {"100000.0", "100000.0"},
                                                               {"9.999999747378752e-06", "9.999999747378752e-06"}};
  for (const auto& [json, wanted] : cases)
    EXPECT_EQ(python(json), wanted) << json;
}

TEST(hash, texts_and_keys_are_written_as_python_writes_them) {
  EXPECT_EQ(python("\"\\u00e9\\u6f22\\ud83d\\ude00\\u007f\\u0001\\n\\r\\t\\b\\f\\\"\\\\/\""),
            "\"\\u00e9\\u6f22\\ud83d\\ude00\\u007f\\u0001\\n\\r\\t\\b\\f\\\"\\\\/\"");
  EXPECT_EQ(python(R"({"b": [1, true, null, {}], "a": {"z": "x", "y": false}, "é": [], "Z": -3})"),
            R"({"Z":-3,"a":{"y":false,"z":"x"},"b":[1,true,null,{}],"\u00e9":[]})");
}

TEST(hash, what_is_no_configuration_or_vocabulary_is_refused) {
  for (const auto* bad : {"", "{", "[1]", "3", "{\"a\":\xff}", "{\"a\": 1} x"})
    EXPECT_EQ(model_hash(bad).error().code, errc::bad_json) << bad;
  for (const auto* bad : {"", "[]", R"({"a": "1"})", R"({"a": 1.5})", R"({"a": null})"})
    EXPECT_EQ(tokenizer_hash(std::string_view(bad)).error().code, errc::bad_json) << bad;
  EXPECT_EQ(tokenizer_hash(std::map<std::string, std::int64_t>{{"\xff", 1}}).error().code, errc::bad_json);
}

TEST(json_text, depth_is_limited_and_brackets_in_strings_do_not_count) {
  EXPECT_TRUE(parse_json(nested(64), "test"));
  EXPECT_EQ(parse_json(nested(65), "test").error().code, errc::bad_json);
  EXPECT_EQ(parse_json(nested(1'000'000), "test").error().code, errc::bad_json);
  EXPECT_TRUE(parse_json("\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"", "test"));
}

TEST(identity, from_configurations) {
  const auto llama = identity_from_config(R"({"model_type": "llama", "_name_or_path": "m", "hidden_size": 576,
    "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "head_dim": null})",
                                          "tok");
  ASSERT_TRUE(llama) << llama.error().message;
  EXPECT_EQ(llama->model_family, "llama");
  EXPECT_EQ(llama->num_kv_heads, 3u);
  EXPECT_EQ(llama->head_dim, 64u);
  EXPECT_EQ(llama->tokenizer_hash, "tok");
  EXPECT_EQ(llama->model_hash.size(), 64u);
  const auto gpt2 = identity_from_config(R"({"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12})");
  ASSERT_TRUE(gpt2);
  EXPECT_EQ(gpt2->hidden_dim, 768u);
  EXPECT_EQ(gpt2->num_layers, 12u);
  EXPECT_EQ(gpt2->num_kv_heads, 12u);
  EXPECT_EQ(gpt2->head_dim, 64u);
  EXPECT_EQ(identity_from_config("[]").error().code, errc::bad_json);
  EXPECT_EQ(identity_from_config("x").error().code, errc::bad_json);
  EXPECT_EQ(identity_from_config(R"({"hidden_size": -1})").error().code, errc::bad_json);
}

TEST(hello, fixture_both_ways) {
  const auto text = test::read_json("handshake.json").at("hello").dump();
  const auto read = read_hello(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->agent_id, "a");
  EXPECT_EQ(read->avp_version, "0.6.2");
  ASSERT_TRUE(read->identity);
  EXPECT_EQ(read->identity->hidden_dim, 576u);
  EXPECT_EQ(nlohmann::json::parse(to_json(*read)), nlohmann::json::parse(text));
}

TEST(hello, missing_fields_have_defaults_and_unknown_ones_are_ignored) {
  const auto read = read_hello(R"({"colour": "blue"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, hello{});
  const auto identity = read_identity(R"({"model_id": "m", "colour": 1})");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->model_id, "m");
  EXPECT_EQ(read_identity(to_json(sample())), sample());
}

TEST(hello, fields_of_a_wrong_type_are_refused) {
  for (const auto* bad : {"", "[]", "null", R"({"agent_id": 1})", R"({"capabilities": []})", R"({"identity": null})",
                          R"({"identity": {"hidden_dim": -1}})", R"({"identity": {"hidden_dim": 4294967296}})",
                          R"({"identity": {"num_layers": 1.5}})", R"({"identity": {"model_hash": {}}})"})
    EXPECT_EQ(read_hello(bad).error().code, errc::bad_json) << bad;
  EXPECT_EQ(read_hello(R"({"capabilities": )" + nested(1000) + "}").error().code, errc::bad_json);
  EXPECT_EQ(read_identity("[1]").error().code, errc::bad_json);
}

TEST(hello, the_weights_digest_travels_in_the_capabilities) {
  hello message;
  message.capabilities = R"({"x":1})";
  EXPECT_EQ(message.weights_digest(), "");
  message.set_weights_digest("d1");
  const auto read = read_hello(to_json(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->weights_digest(), "d1");
  EXPECT_EQ(nlohmann::json::parse(read->capabilities).at("x"), 1);
  message.capabilities = "no json";
  EXPECT_EQ(message.weights_digest(), "");
  EXPECT_EQ(read_hello(to_json(message))->capabilities, "{}");
}

TEST(resolution, fixtures) {
  const auto file = test::read_json("handshake.json");
  EXPECT_EQ(file.at("resolve").size(), 120u);
  for (const auto& c : file.at("resolve")) {
    const auto found = resolve(*read_identity(c.at("local").dump()), *read_identity(c.at("remote").dump()));
    EXPECT_EQ(to_string(found.path), c.at("resolution_path")) << c;
    EXPECT_EQ(found.mode == communication_mode::latent ? "LATENT" : "JSON", c.at("mode")) << c;
    EXPECT_EQ(found.avp_map_id, c.at("avp_map_id")) << c;
  }
}

TEST(resolution, a_policy_can_refuse_structural_match_unless_the_weights_are_known_to_be_the_same) {
  resolution_policy strict;
  strict.allow_structural_match = false;
  EXPECT_EQ(resolve(sample("aa"), sample("bb")).path, resolution_path::structural_match);
  EXPECT_EQ(resolve(sample("aa"), sample("bb"), strict).path, resolution_path::json_fallback);
  strict.local_weights = strict.remote_weights = "same";
  EXPECT_EQ(resolve(sample("aa"), sample("bb"), strict).path, resolution_path::structural_match);
}

TEST(resolution, digests_that_differ_rule_out_that_the_models_are_one) {
  resolution_policy policy;
  policy.local_weights = "d1";
  policy.remote_weights = "d2";
  EXPECT_EQ(resolve(sample("aa"), sample("aa"), policy).path, resolution_path::json_fallback);
  EXPECT_EQ(resolve(sample("aa"), sample("bb"), policy).path, resolution_path::json_fallback);
  policy.remote_weights.clear();
  EXPECT_EQ(resolve(sample("aa"), sample("aa"), policy).path, resolution_path::hash_match);
}

TEST(resolution, a_saved_map_is_the_fourth_path) {
  const auto folder = std::filesystem::temp_directory_path() / ("avp-maps-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string ours(64, 'a');
  const std::string theirs(64, 'b');
  auto local = sample(ours);
  auto remote = sample(theirs);
  remote.num_layers = 3;
  const map_folder maps(folder);
  resolution_policy policy;
  policy.maps = &maps;
  EXPECT_EQ(resolve(local, remote, policy).path, resolution_path::json_fallback);
  std::ofstream(folder / (ours.substr(0, 16) + "_" + theirs.substr(0, 16) + ".pt")) << "map";
  EXPECT_EQ(resolve(local, remote, policy), (resolution{resolution_path::avp_map_file, communication_mode::latent,
                                                        "aaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbb"}));
  EXPECT_EQ(resolve(remote, local, policy).path, resolution_path::json_fallback);
  // A peer's hash becomes a file name, so it must not lead out of the folder.
  std::ofstream(folder / "secret_.pt") << "x";
  EXPECT_FALSE(maps.contains("../" + folder.filename().string() + "/secret", ""));
  EXPECT_FALSE(maps.contains("", ""));
  std::filesystem::remove_all(folder);
}

TEST(resolution, the_sdks_folder_of_maps_is_found_by_environment) {
  const auto cache = std::filesystem::temp_directory_path() / ("avp-cache-" + std::to_string(getpid()));
  std::filesystem::create_directories(cache / "maps");
  std::ofstream(cache / "maps" / "aa_bb.pt") << "map";
  setenv("AVP_CACHE_DIR", cache.c_str(), 1);
  EXPECT_TRUE(map_folder().contains("aa", "bb"));
  unsetenv("AVP_CACHE_DIR");
  EXPECT_FALSE(map_folder().contains("aa", "bb"));
  std::filesystem::remove_all(cache);
}

TEST(resolution, a_hundred_common_tokens_are_the_fifth_path) {
  const words ours(0, 300);
  const words enough(200, 900);
  const words too_few(201, 900);
  resolution_policy policy;
  policy.local_tokens = &ours;
  auto other = sample("bb");
  other.num_layers = 9;
  EXPECT_EQ(resolve(sample(), other, policy).path, resolution_path::json_fallback);
  policy.remote_tokens = &too_few;
  EXPECT_EQ(resolve(sample(), other, policy).path, resolution_path::json_fallback);
  policy.remote_tokens = &enough;
  EXPECT_EQ(resolve(sample(), other, policy),
            (resolution{resolution_path::vocab_overlap, communication_mode::latent, "vocab_overlap:100"}));
  policy.local_tokens = &enough;
  policy.remote_tokens = &ours;
  EXPECT_EQ(resolve(sample(), other, policy).avp_map_id, "vocab_overlap:100");
}

TEST(session, echoes_the_peers_hash_and_ends_after_its_time) {
  auto now = std::chrono::steady_clock::time_point{};
  session_store sessions(10s, [&] { return now; });
  hello local;
  local.agent_id = "us";
  local.identity = sample("ours");
  local.set_weights_digest("digest");
  hello peer;
  peer.agent_id = "them";
  peer.identity = sample("theirs");
  const auto made = sessions.create(local, peer);
  EXPECT_EQ(made.id.size(), 32u);
  EXPECT_EQ(made.agreed.path, resolution_path::structural_match);
  metadata meta;
  made.address(meta);
  EXPECT_EQ(meta.session_id, made.id);
  EXPECT_EQ(meta.source_agent_id, "us");
  EXPECT_EQ(meta.target_agent_id, "them");
  EXPECT_EQ(meta.extra.at("model_hash"), "theirs");
  EXPECT_EQ(meta.extra.at("weights_digest"), "digest");
  EXPECT_EQ(sessions.of_agent("them").size(), 1u);
  EXPECT_EQ(sessions.of_agent("nobody").size(), 0u);
  now += 10s;
  EXPECT_TRUE(sessions.find(made.id));
  now += 1ms;
  EXPECT_FALSE(sessions.find(made.id));
  EXPECT_EQ(sessions.size(), 0u);
  EXPECT_FALSE(sessions.end(made.id));
}

TEST(session, without_a_hash_of_the_peer_our_own_is_sent) {
  session_store sessions;
  hello local;
  local.identity = sample("ours");
  const auto made = sessions.create(local, hello{});
  metadata meta;
  made.address(meta);
  EXPECT_EQ(meta.extra.at("model_hash"), "ours");
  EXPECT_FALSE(meta.extra.contains("weights_digest"));
  EXPECT_EQ(made.agreed.mode, communication_mode::json);
  EXPECT_TRUE(sessions.end(made.id));
}

TEST(expiring_store, each_entry_has_its_own_time_and_its_end_is_told) {
  auto now = std::chrono::steady_clock::time_point{};
  std::vector<std::string> gone;
  expiring_store<int> store(
      300s, [&](const std::string& key) { gone.push_back(key); }, [&] { return now; });
  store.put("a", 1);
  store.put("b", 2, 1s);
  store.put("c", 3, 1h);
  now += 2s;
  EXPECT_EQ(store.get("a"), 1);
  EXPECT_EQ(store.get("b"), std::nullopt);
  EXPECT_THAT(gone, testing::ElementsAre("b"));
  store.put("a", 4);
  now += 299s;
  EXPECT_EQ(store.get("a"), 4);
  EXPECT_TRUE(store.erase("a"));
  EXPECT_FALSE(store.erase("a"));
  EXPECT_EQ(store.size(), 1u);
}

TEST(json_message, both_ways) {
  json_message message;
  message.session_id = "s";
  message.source_agent_id = "a";
  message.target_agent_id = "b";
  message.content = "héllo \"x\"";
  EXPECT_FALSE(nlohmann::json::parse(to_json(message)).contains("extra"));
  EXPECT_EQ(read_json_message(to_json(message)), message);
  message.extra = R"({"k":[1]})";
  EXPECT_EQ(read_json_message(to_json(message)), message);
  EXPECT_EQ(read_json_message("{}"), json_message{});
}

TEST(json_message, fields_of_a_wrong_type_are_refused) {
  for (const auto* bad :
       {"", "1", R"({"content": 1})", R"({"extra": []})", R"({"extra": "x"})", R"({"session_id": null})"})
    EXPECT_EQ(read_json_message(bad).error().code, errc::bad_json) << bad;
}

} // namespace
} // namespace avp
