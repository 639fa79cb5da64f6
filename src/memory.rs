//! The counting allocator: the only unsafe code.
