mod attacks;
mod faults;
mod lake;
mod merge;
mod rows;
mod store;
