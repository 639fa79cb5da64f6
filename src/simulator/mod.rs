//! A simulated cloud: world, state machines, rules, faults. Answers messages, with or without a socket.
