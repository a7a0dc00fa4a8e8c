// Bytes that come in at the back and go out at the front. What is in it stays where it is until
// `reserve`, `append` or `consume` is called, so heads may point into it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace slipway::gateway {

class Buffer {
 public:
  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t room() const { return capacity_ - size_; }
  bool empty() const { return size_ == 0; }

  // Makes room for `more` bytes; moves what is there if it has to.
  void reserve(std::size_t more) {
    if (room() >= more) return;
    const std::size_t capacity = std::max(size_ + more, 2 * capacity_);
    // Not make_unique, which would clear megabytes that are about to be written.
    std::unique_ptr<char[]> bigger(new char[capacity]);
    if (size_ > 0) std::memcpy(bigger.get(), data_.get(), size_);
    data_ = std::move(bigger);
    capacity_ = capacity;
  }
  char* end() { return data_.get() + size_; }
  void commit(std::size_t added) { size_ += added; }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    reserve(bytes.size());
    std::memcpy(end(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  // Keeps the bytes behind `count`.
  void consume(std::size_t count) {
    size_ -= count;
    if (size_ > 0) std::memmove(data_.get(), data_.get() + count, size_);
  }
  // Takes out `count` bytes at `at`; what lies before stays where it is.
  void erase(std::size_t at, std::size_t count) {
    char* from = data_.get() + at;
    if (count > 0) std::memmove(from, from + count, size_ - at - count);
    size_ -= count;
  }
  std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }
  // Gives the memory back if it is more than `most`.
  void shrink(std::size_t most) {
    if (capacity_ <= most || size_ > 0) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace slipway::gateway
