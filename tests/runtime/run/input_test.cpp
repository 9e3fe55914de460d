// Tests of reading records: what is taken as it comes, and what each bad line is told.
#include <cstdio>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/exact_json.hpp"
#include "runtime/pipeline/input.hpp"

namespace avp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<input_item> read_all(const std::string& text, std::optional<std::string> id_field = {},
                                 std::optional<std::size_t> limit = {}) {
  std::istringstream in(text);
  record_reader reader(in, std::move(id_field), limit);
  std::vector<input_item> items;
  while (auto item = reader.next())
    items.push_back(std::move(*item));
  return items;
}

record only_record(const std::string& text, std::optional<std::string> id_field = {}) {
  const auto items = read_all(text, std::move(id_field));
  if (items.size() != 1 || !std::holds_alternative<record>(items[0])) {
    ADD_FAILURE() << items.size() << " items from " << text;
    return {};
  }
  return std::get<record>(items[0]);
}

TEST(input, records_in_order_with_their_ids) {
  const auto items = read_all("{\"id\":\"a\",\"n\":1}\n{\"id\":7}");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(std::get<record>(items[0]).id, "a");
  EXPECT_EQ(std::get<record>(items[0]).fields.at("n"), 1);
  EXPECT_EQ(std::get<record>(items[1]).id, "7");
  EXPECT_EQ(std::get<record>(items[1]).line, 2U);
}

TEST(input, byte_order_mark_crlf_and_blank_lines_are_taken_as_they_come) {
  const auto items = read_all("\xEF\xBB\xBF{\"id\":\"a\"}\r\n\r\n  \n{\"id\":\"b\"}\r\n\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(std::get<record>(items[1]).id, "b");
  EXPECT_EQ(std::get<record>(items[1]).line, 4U);
  EXPECT_THAT(read_all(""), IsEmpty());
  EXPECT_THAT(read_all("\n\n"), IsEmpty());
}

TEST(input, id_from_the_named_field) {
  EXPECT_EQ(only_record(R"({"task_id":"HumanEval/0","id":3})", "task_id").id, "HumanEval/0");
}

TEST(input, id_from_the_record_where_nothing_names_it) {
  const auto first = only_record(R"({"q":"x","n":[1,2.5]})");
  EXPECT_EQ(first.id.size(), 16U);
  EXPECT_EQ(first.id, only_record(R"( { "n" : [1, 2.5], "q" : "x" } )").id) << "depends on order or blanks";
  EXPECT_NE(first.id, only_record(R"({"q":"x","n":[1,2.6]})").id);
}

TEST(input, ids_without_a_name_are_those_of_the_record_as_plain_json) {
  // Python: hashlib.sha256(json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
  EXPECT_EQ(only_record(R"({"q":"é","n":[1,2.5],"o":{"b":-3,"a":null,"c":1e+22}})").id, "c787b250d2d17ac6");
  EXPECT_NE(only_record(R"({"q":"x","n":2.5})").id, only_record(R"({"q":"x","n":2.50})").id);
}

TEST(input, ids_that_are_numbers_are_their_digits) {
  for (const std::string digits :
       {"7", "-0", "-9223372036854775809", "18446744073709551616", "12345678901234567890123", "99999999999999999999"})
    EXPECT_EQ(only_record("{\"id\":" + digits + "}").id, digits);
}

TEST(input, limit_counts_bad_lines_too) {
  EXPECT_EQ(read_all("{}\n?\n{\"a\":1}\n", {}, 2).size(), 2U);
  EXPECT_THAT(read_all("{}\n", {}, 0), IsEmpty());
}

struct bad_input {
  std::string text;
  std::size_t line;
  const char* says;
};

class bad_lines : public testing::TestWithParam<bad_input> {};

TEST_P(bad_lines, are_told_and_the_rest_is_read) {
  const auto items = read_all(GetParam().text + "\n{\"id\":\"last\"}\n");
  ASSERT_GE(items.size(), 2U);
  const auto& before_last = items[items.size() - 2];
  ASSERT_TRUE(std::holds_alternative<bad_line>(before_last));
  EXPECT_THAT(std::get<bad_line>(before_last).message, HasSubstr(GetParam().says));
  EXPECT_EQ(std::get<bad_line>(before_last).line, GetParam().line);
  EXPECT_EQ(std::get<bad_line>(before_last).id, "line " + std::to_string(GetParam().line));
  EXPECT_EQ(std::get<record>(items.back()).id, "last");
}

INSTANTIATE_TEST_SUITE_P(
    all, bad_lines,
    testing::Values(bad_input{"nonsense", 1, "not JSON"}, bad_input{"{\"a\":1", 1, "not JSON"},
                    bad_input{"{\"a\":1} x", 1, "not JSON"}, bad_input{"\n[1]", 2, "expected a JSON object"},
                    bad_input{"\"text\"", 1, "found string"}, bad_input{"{\"a\":\"\xFF\xFE\"}", 1, "UTF-8"},
                    bad_input{"{\"a\":\"\xC3\"}", 1, "UTF-8"}, bad_input{"{\"a\":01e999}", 1, "not JSON"},
                    bad_input{"{\"a\":1.e999}", 1, "after '.'"}, bad_input{"{\"a\":1e999.5}", 1, "not JSON"},
                    bad_input{"{\"a\":1e999-5}", 1, "not JSON"}, bad_input{"{\"a\":1e999x}", 1, "not JSON"},
                    bad_input{"{\"a\":-e1}", 1, "after '-'"}, bad_input{"18.00", 1, "found number"},
                    bad_input{std::string("{\"a\":\"x\0y\"}", 11), 1, "not JSON"},
                    bad_input{"{\"id\":null}", 1, "found null"}, bad_input{"{\"id\":\"\"}", 1, "an empty text"},
                    bad_input{"{\"id\":1.50}", 1, "found 1.50"}, bad_input{"{\"id\":true}", 1, "found true"},
                    bad_input{"{\"id\":1e5}", 1, "found 1e5"}, bad_input{"{\"id\":1e999}", 1, "found 1e999"},
                    bad_input{"{\"id\":12345678901234567890123}\n{\"id\":12345678901234567890123}", 2, "second record"},
                    bad_input{"{\"id\":\"a\"}\n{\"id\":\"a\"}", 2,
                              "second record with the id \"a\"; the first is on line 1"},
                    bad_input{"{\"id\":1}\n{\"id\":\"1\"}", 2, "second record"},
                    bad_input{"{\"q\":1}\n{\"q\":1}", 2, "second record"},
                    bad_input{std::string(200000, '['), 1, "nested deeper"}));

TEST(input, a_record_without_the_named_id_field_is_bad) {
  const auto items = read_all(R"({"id":"a"})", "task");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_THAT(std::get<bad_line>(items[0]).message, HasSubstr("no field \"task\""));
}

TEST(input, an_endless_line_ends_the_reading) {
  const auto items = read_all(std::string((std::size_t{64} << 20) + 10, 'x') + "\n{\"id\":\"b\"}\n");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_THAT(std::get<bad_line>(items[0]).message, HasSubstr("64 MiB"));
}

class input_file : public testing::Test {
protected:
  void SetUp() override {
    path_ =
        testing::TempDir() + "avp_input_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl";
  }
  void TearDown() override { std::remove(path_.c_str()); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  std::string path_;
};

TEST_F(input_file, is_scanned_for_fields_and_mistakes) {
  write("{\"id\":1,\"q\":\"x\",\"none\":null}\n{oops}\n{\"id\":2,\"extra\":0}\n{\"id\":1}\n");
  const auto summary = scan_input(path_, "in.jsonl");
  EXPECT_EQ(summary.records, 2U);
  EXPECT_THAT(summary.fields, ElementsAre("extra", "id", "q"));
  ASSERT_EQ(summary.mistakes.size(), 2U);
  EXPECT_THAT(to_string(summary.mistakes[0]), HasSubstr("in.jsonl:2:2: not JSON"));
  EXPECT_THAT(to_string(summary.mistakes[1]), HasSubstr("in.jsonl:4: a second record"));
}

TEST_F(input_file, is_read_only_up_to_the_limit) {
  write("{\"id\":1}\n{oops}\n");
  EXPECT_THAT(scan_input(path_, "in", {}, 1).mistakes, IsEmpty());
}

TEST_F(input_file, with_very_many_bad_lines_gives_their_number) {
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += "?\n";
  write(text);
  const auto summary = scan_input(path_, "in");
  ASSERT_EQ(summary.mistakes.size(), 21U);
  EXPECT_THAT(summary.mistakes.back().message, HasSubstr("30 more"));
}

TEST_F(input_file, that_is_missing_empty_or_a_folder_is_a_mistake) {
  EXPECT_THAT(to_string(scan_input(path_, "in").mistakes), HasSubstr("in: cannot read"));
  write("\n");
  EXPECT_THAT(to_string(scan_input(path_, "in").mistakes), HasSubstr("no records"));
  EXPECT_THAT(to_string(scan_input(testing::TempDir(), "in").mistakes), HasSubstr("folder"));
}

TEST(input, ask_makes_a_record) {
  const auto asked = ask_record("question", "why?");
  ASSERT_TRUE(std::holds_alternative<record>(asked));
  EXPECT_EQ(std::get<record>(asked).fields.at("question"), "why?");
  EXPECT_EQ(std::get<record>(asked).id.size(), 16U);
  EXPECT_TRUE(std::holds_alternative<std::string>(ask_record("question", "\xFF")));
}

TEST(input, fields_become_template_values) {
  const auto values = template_values(
      only_record(R"({"s":"a\"b","i":18,"d":2.50,"b":true,"z":null,"l":[1, "x"],"o":{"k": 1, "a":[]}})").fields);
  EXPECT_EQ(
      values,
      (std::map<std::string, std::string>{
          {"s", "a\"b"}, {"i", "18"}, {"d", "2.50"}, {"b", "true"}, {"l", "[1,\"x\"]"}, {"o", "{\"k\":1,\"a\":[]}"}}));
}

class numbers_of_records : public testing::TestWithParam<std::string> {};

TEST_P(numbers_of_records, keep_their_digits_wherever_they_stand) {
  const auto& number = GetParam();
  const auto values = template_values(only_record("{\"text\":\"1.0 \\\" -0, \", \"n\" : " + number + " ,\"l\":[" +
                                                  number + "," + number + "],\"o\":{\"z\":{\"deep\":[1.5," + number +
                                                  "]},\"1e5\":" + number + "},\"after\":7.10}")
                                          .fields);
  EXPECT_EQ(values.at("text"), "1.0 \" -0, ");
  EXPECT_EQ(values.at("n"), number);
  EXPECT_EQ(values.at("l"), "[" + number + "," + number + "]");
  EXPECT_EQ(values.at("o"), "{\"z\":{\"deep\":[1.5," + number + "]},\"1e5\":" + number + "}");
  EXPECT_EQ(values.at("after"), "7.10");
}

INSTANTIATE_TEST_SUITE_P(all, numbers_of_records,
                         testing::Values("0", "-0", "-0.0", "0.0", "-0e0", "18", "18.0", "18.00", "-7", "1e5", "1E5",
                                         "1e+5", "1E-05", "0.1", "0.10", "1.5e3", "12345678901234567890123",
                                         "-12345678901234567890123", "9007199254740993", "9223372036854775808",
                                         "18446744073709551615", "18446744073709551616", "3.14159265358979323846",
                                         "0.1000000000000000055511151231257827", "1e22", "1e+22", "1e308", "1e309",
                                         "1e999", "-1e999", "1E+99999999999999999999", "1e-999", "4.9e-324", "2e-324",
                                         std::string(400, '9'), std::string(400, '9') + ".5",
                                         "0." + std::string(400, '0') + "1"));

TEST(input, of_a_key_that_comes_twice_the_last_value_counts) {
  const auto twice = only_record(R"({"a":1.0,"b":2e0,"a":3.0,"o":{"k":1e1,"k":[4.0,5.00]}})");
  EXPECT_EQ(template_values(twice.fields),
            (std::map<std::string, std::string>{{"a", "3.0"}, {"b", "2e0"}, {"o", "{\"k\":[4.0,5.00]}"}}));
  EXPECT_EQ(twice.id, only_record(R"({"o":{"k":[4.0,5.00]},"b":2e0,"a":3.0})").id);
}

TEST(input, records_written_as_text_are_read_back) {
  const auto fields = only_record(R"({"n":[18.00,-0,1e999,{"s":"é\"\n","e":{},"l":[]}],"z":null})").fields;
  EXPECT_EQ(exact_text(fields), R"({"n":[18.00,-0,1e999,{"s":"é\"\n","e":{},"l":[]}],"z":null})");
  EXPECT_EQ(parse_exact(exact_text(fields)), fields);
}

} // namespace
} // namespace avp
