"""From messages of the collectors to judged rows in the store; used by one thread only."""
